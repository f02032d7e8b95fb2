//! Plugins in Rust: what `kong_plugin.h`, `kong_define.h` and `kong_pdk.h` declare, as far as most plugins need it.
//!
//! Copy this folder beside a plugin's `lib.rs`, which says
//!
//! ```ignore
//! #[macro_use]
//! mod kong;
//! use kong::{Kong, Status, Text};
//!
//! config! {
//!     struct Config {
//!         greeting: Text = "default: 'hello', len_min: 1",
//!     }
//! }
//!
//! fn access(kong: &Kong, config: &Config) -> Result<(), Status> {
//!     kong.service_request().set_header("x-greeting", &config.greeting.to_string())
//! }
//!
//! plugin! { version: "1.0.0", priority: 1000, config: Config, handlers: { ACCESS: access } }
//! ```
//!
//! Handlers run on threads of their own, side by side, and may wait for anything. What they return with `?` fails the
//! event: the server logs the reason, and the client gets status 500. So does a panic: it is caught in `guarded`.
//!
//! Needs no crate, and Rust 1.63.

#![allow(dead_code, unused_macros)]

#[macro_use]
mod config;
mod pdk;

pub use config::*;
pub use pdk::*;

use std::ffi::c_void;
use std::os::raw::c_char;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::{mem, ptr, slice};

/// `kong_status`: why something failed. The server has it in words.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub i32);

impl Status {
    pub const OK: Status = Status(0);
    /// For a failure of the plugin's own. `kong.log()` can say which.
    pub const FAILED: Status = Status(1);
    pub const REFUSED: Status = Status(2);
    pub const CANCELLED: Status = Status(3);
    pub const EVENT_OVER: Status = Status(4);
    pub const BAD_ARGUMENT: Status = Status(5);
    pub const UNKNOWN_METHOD: Status = Status(6);
    pub const UNSUPPORTED: Status = Status(7);
    pub const WRONG_PHASE: Status = Status(8);
    pub const WRONG_THREAD: Status = Status(9);
    pub const LIMIT: Status = Status(10);
}

/// `kong_string`. A string that is missing has no data.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    data: *const u8,
    size: usize,
}

impl Bytes {
    const NONE: Bytes = Bytes {
        data: ptr::null(),
        size: 0,
    };

    /// Who calls it knows for how long the data is valid.
    unsafe fn get<'a>(self) -> Option<&'a [u8]> {
        (!self.data.is_null()).then(|| slice::from_raw_parts(self.data, self.size))
    }
}

/// A text for C, which ends with a NUL.
const fn c(text: &'static str) -> *const c_char {
    text.as_ptr() as *const c_char
}

/// `kong_host`, which a plugin that is a table needs for its last member alone.
#[repr(C)]
pub struct Host {
    size: u32,
    abi: [u16; 2],
    version: Bytes,
    loop_count: u32,
    reserved: u32,
    context: *mut c_void,
    functions: [*const c_void; 10],
    pub define: unsafe extern "C" fn(*const Host, *const Definition, *mut Bytes) -> *const c_void,
}

/// The body of `kong_plugin_open`. A host of ABI 1.0 has no `define`.
///
/// # Safety
/// `host` is a host's, and `error` is null or may be written to.
pub unsafe fn define(host: *const Host, definition: *const Definition, error: *mut Bytes) -> *const c_void {
    const REASON: &str = "the host is of an ABI before 1.1";
    if (*host).size as usize >= mem::size_of::<Host>() {
        return ((*host).define)(host, definition, error);
    }
    if !error.is_null() {
        *error = Bytes { data: REASON.as_ptr(), size: REASON.len() };
    }
    ptr::null()
}

pub const CERTIFICATE: u32 = 0;
pub const REWRITE: u32 = 1;
pub const ACCESS: u32 = 2;
pub const RESPONSE: u32 = 3;
pub const PREREAD: u32 = 4;
pub const LOG: u32 = 5;

type HandlerFunction = unsafe extern "C" fn(*const Kong, *const c_void) -> Status;

/// `kong_handler`.
#[repr(C)]
pub struct Handler {
    kind: u32,
    reserved: u32,
    signature: *const c_char,
    function: HandlerFunction,
}

impl Handler {
    /// The signature is `HandlerFunction`'s, which the server holds against its own.
    pub const fn new(phase: u32, function: HandlerFunction) -> Handler {
        Handler {
            kind: phase,
            reserved: 0,
            signature: c("i(pp)\0"),
            function,
        }
    }
}

/// Runs a handler, and catches its panics: none may leave Rust. Without this they would be undefined behaviour before Rust
/// 1.81, and since then the end of the server with all of its events. What it was, and where, Rust has written to standard
/// error, which is Kong's log.
///
/// # Safety
/// Both pointers are the server's, and the configuration's is a `C`.
pub unsafe fn guarded<C: Config>(
    kong: *const Kong,
    config: *const c_void,
    handler: fn(&Kong, &C) -> Result<(), Status>,
) -> Status {
    // Of a plugin without a configuration it is NULL, which no reference may be.
    let config = match mem::size_of::<C>() {
        0 => ptr::NonNull::dangling().as_ptr(),
        _ => config as *const C,
    };
    match catch_unwind(AssertUnwindSafe(|| handler(&*kong, &*config))) {
        Ok(Ok(())) => Status::OK,
        Ok(Err(status)) => status,
        Err(payload) => {
            // What it was raised with may panic when it is dropped.
            mem::forget(payload);
            Status::FAILED
        }
    }
}

/// `kong_definition`.
#[repr(C)]
pub struct Definition {
    size: u32,
    flags: u32,
    open_signature: *const c_char,
    version: *const c_char,
    priority: i32,
    reserved: u32,
    fields: *const Field,
    field_count: usize,
    config_size: usize,
    handlers: *const Handler,
    handler_count: usize,
}

// Nobody changes it.
unsafe impl Sync for Definition {}

impl Definition {
    /// Of a plugin whose handlers may block. The version ends with a NUL.
    pub const fn new<C: Config>(
        version: &'static str,
        priority: i32,
        handlers: &'static [Handler],
    ) -> Definition {
        Definition {
            size: mem::size_of::<Definition>() as u32,
            flags: 1,
            open_signature: c("p(pp)\0"),
            version: c(version),
            priority,
            reserved: 0,
            fields: C::FIELDS.as_ptr(),
            field_count: C::FIELDS.len(),
            config_size: mem::size_of::<C>(),
            handlers: handlers.as_ptr(),
            handler_count: handlers.len(),
        }
    }
}

/// The compiler, if it was told: `KONG_RUST_COMPILER="$(rustc --version)"`.
pub const COMPILER: &str = match option_env!("KONG_RUST_COMPILER") {
    Some(compiler) => compiler,
    None => "rustc",
};

/// `kong_stamp_note`: what the server reads from the file before it runs any of it.
#[repr(C)]
pub struct Stamp {
    name_size: u32,
    stamp_size: u32,
    note_type: u32,
    name: [u8; 8],
    size: u32,
    abi: [u16; 2],
    language: u8,
    runtime: u8,
    reserved: [u8; 6],
    pdk_version: [u8; 32],
    toolchain: [u8; 128],
}

impl Stamp {
    pub const fn new() -> Stamp {
        let (compiler, mut toolchain, mut i) = (COMPILER.as_bytes(), [0; 128], 0);
        while i < compiler.len() && i < 127 {
            toolchain[i] = compiler[i];
            i += 1;
        }
        let size = mem::size_of::<Stamp>() as u32 - 20;
        Stamp {
            name_size: 5,
            stamp_size: size,
            note_type: 1,
            name: *b"Kong\0\0\0\0",
            size,
            abi: [1, 1],
            language: 4,
            runtime: 0,
            reserved: [0; 6],
            pdk_version: [0; 32],
            toolchain,
        }
    }
}

/// The three symbols of a plugin. Handlers are `fn(&Kong, &Config) -> Result<(), Status>`.
macro_rules! plugin {
    (
        version: $version:literal, priority: $priority:expr, config: $config:ty,
        handlers: { $($phase:ident: $handler:path),+ $(,)? } $(,)?
    ) => {
        #[used]
        #[no_mangle]
        #[link_section = ".note.kong.plugin"]
        #[allow(non_upper_case_globals)]
        pub static kong_plugin_abi: $crate::kong::Stamp = $crate::kong::Stamp::new();

        #[no_mangle]
        #[allow(non_upper_case_globals)]
        pub static kong_plugin_definition: $crate::kong::Definition =
            $crate::kong::Definition::new::<$config>(concat!($version, "\0"), $priority, &[$({
                unsafe extern "C" fn handle(kong: *const $crate::kong::Kong, config: *const std::ffi::c_void) -> $crate::kong::Status {
                    $crate::kong::guarded::<$config>(kong, config, $handler)
                }
                $crate::kong::Handler::new($crate::kong::$phase, handle)
            }),+]);

        /// # Safety
        /// The server calls it, with pointers of its own.
        #[no_mangle]
        pub unsafe extern "C" fn kong_plugin_open(
            host: *const $crate::kong::Host, error: *mut $crate::kong::Bytes,
        ) -> *const std::ffi::c_void {
            $crate::kong::define(host, &kong_plugin_definition, error)
        }
    };
}
