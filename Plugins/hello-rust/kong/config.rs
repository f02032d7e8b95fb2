//! What a plugin is configured with: the table of fields of `kong_define.h`.

use super::{c, Bytes};
use std::ffi::CStr;
use std::os::raw::c_char;
use std::{fmt, mem, ptr, slice};

/// A member that is a `string`; without data if the field is missing.
#[repr(transparent)]
pub struct Text(*const c_char);

impl Text {
    pub fn get(&self) -> Option<&CStr> {
        (!self.0.is_null()).then(|| unsafe { CStr::from_ptr(self.0) })
    }
}

/// Nothing for a field that is missing.
impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.pad(&self.get().unwrap_or_default().to_string_lossy())
    }
}

/// A member that is an `array` of `string`.
#[repr(C)]
pub struct Strings {
    items: *const Bytes,
    count: usize,
}

impl Strings {
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let items = if self.count == 0 {
            &[]
        } else {
            unsafe { slice::from_raw_parts(self.items, self.count) }
        };
        items
            .iter()
            .map(|item| unsafe { item.get() }.unwrap_or_default())
    }
}

// The host changes nothing of a configuration before its last event is over.
unsafe impl Sync for Text {}
unsafe impl Sync for Strings {}

/// A type that a member of a configuration can have, and with it the field's type in Kong: a `kong_field_type`.
pub trait Member {
    const TYPE: u32;
}
macro_rules! members {
    ($($type:ty = $number:literal),*) => { $(impl Member for $type { const TYPE: u32 = $number; })* };
}
members! { Text = 1, i64 = 3, f64 = 4, bool = 5, Strings = 6 }

/// `kong_field`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Field {
    size: u32,
    kind: u32,
    name: *const c_char,
    offset: usize,
    attributes: *const c_char,
    fields: *const Field,
    field_count: usize,
    record_size: usize,
}

impl Field {
    /// Both texts end with a NUL.
    pub const fn new<M: Member>(name: &'static str, attributes: &'static str) -> Field {
        Field {
            size: mem::size_of::<Field>() as u32,
            kind: M::TYPE,
            name: c(name),
            offset: 0,
            attributes: c(attributes),
            fields: ptr::null(),
            field_count: 0,
            record_size: 0,
        }
    }

    /// With the offsets that members of these sizes and alignments have in a `repr(C)` struct. (`offset_of!` is of Rust 1.77.)
    pub const fn placed<const N: usize>(
        mut fields: [Field; N],
        layouts: [(usize, usize); N],
    ) -> [Field; N] {
        let (mut i, mut end) = (0, 0);
        while i < N {
            let (size, alignment) = layouts[i];
            fields[i].offset = (end + alignment - 1) & !(alignment - 1);
            end = fields[i].offset + size;
            i += 1;
        }
        fields
    }
}

/// What `config!` makes. A plugin without a configuration has `()` for it.
pub trait Config: Sync {
    const FIELDS: &'static [Field];
}
impl Config for () {
    const FIELDS: &'static [Field] = &[];
}

/// The struct of the configuration, and Kong's schema: after each member more attributes of its field, as in `kong_define.h`.
macro_rules! config {
    ($(#[$of_struct:meta])* struct $name:ident { $($(#[$of_member:meta])* $member:ident: $type:ty = $attributes:literal),* $(,)? }) => {
        $(#[$of_struct])*
        #[repr(C)]
        struct $name { $($(#[$of_member])* $member: $type),* }

        impl $crate::kong::Config for $name {
            const FIELDS: &'static [$crate::kong::Field] = &$crate::kong::Field::placed(
                [$($crate::kong::Field::new::<$type>(concat!(stringify!($member), "\0"), concat!($attributes, "\0"))),*],
                [$((std::mem::size_of::<$type>(), std::mem::align_of::<$type>())),*],
            );
        }
    };
}
