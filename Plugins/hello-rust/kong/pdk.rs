//! Kong's functions, as `kong_pdk.h` declares them. Its comments say what each does, and in which phases.
//!
//! What is not here yet is added by the header, in its order: a group's rows are the members of a struct.

use super::{Bytes, Host, Status};
use std::ffi::{c_void, CString};
use std::os::raw::c_char;
use std::ptr;

/// An optional number that is left to Kong.
pub const DEFAULT: i64 = i64::MIN;

/// A group of Kong's functions, for one event. What they return is valid until the event is over.
pub struct Group<'e, Table> {
    kong: &'e Kong,
    table: &'e Table,
}

/// A function, or a group, that is not declared here.
type Undeclared = *const c_void;

/// A kind of argument or result: its type in Rust, its type in C, and the way from the one to the other.
macro_rules! kind {
    (rust text) => { &str };
    (rust bytes) => { &'e [u8] };
    (rust optional_bytes) => { Option<&'e [u8]> };
    (rust integer) => { i64 };
    (rust number) => { f64 };
    (rust boolean) => { bool };
    (rust) => { () };
    (c text) => { *const c_char };
    (c bytes) => { Bytes };
    (c optional_bytes) => { Bytes };
    (c integer) => { i64 };
    (c number) => { f64 };
    (c boolean) => { bool };
    (held text $value:ident) => { CString::new($value).map_err(|_| Status::BAD_ARGUMENT)? };
    (held $kind:ident $value:ident) => { $value };
    (passed text $value:ident) => { $value.as_ptr() };
    (passed $kind:ident $value:ident) => { $value };
    (place $kind:ident $value:ident) => { &mut $value };
    (empty bytes) => { Bytes::NONE };
    (empty optional_bytes) => { Bytes::NONE };
    (empty $kind:ident) => { Default::default() };
    (empty) => { () };
    (result $value:ident bytes) => { unsafe { $value.get() }.unwrap_or_default() };
    (result $value:ident optional_bytes) => { unsafe { $value.get() } };
    (result $value:ident $($kind:ident)?) => { $value };
}

/// Each row is a member of the C struct, in its order: a function and its method in Rust, or a member of a type of its own.
macro_rules! group {
    ($(#[$doc:meta])* $group:ident: $table:ident {
        $($function:ident $(: $type:ident)? $(($($argument:ident: $kind:ident),*) $(-> $result:ident)?)?;)*
    }) => {
        $(#[$doc])*
        #[repr(C)]
        pub struct $table {
            size: u32,
            $($function: $($type)? $(unsafe extern "C" fn(*const Kong $(, kind!(c $kind))* $(, *mut kind!(c $result))?) -> Status)?,)*
        }

        impl<'e> Group<'e, $table> {
            $($(
                #[allow(unused_mut, clippy::let_unit_value)]
                pub fn $function(&self $(, $argument: kind!(rust $kind))*) -> Result<kind!(rust $($result)?), Status> {
                    $(let $argument = kind!(held $kind $argument);)*
                    let mut result = kind!(empty $($result)?);
                    check(unsafe {
                        (self.table.$function)(self.kong $(, kind!(passed $kind $argument))* $(, kind!(place $result result))?)
                    })?;
                    Ok(kind!(result result $($result)?))
                }
            )?)*
        }

        impl Kong {
            $(#[$doc])*
            pub fn $group(&self) -> Group<'_, $table> {
                Group { kong: self, table: unsafe { &*self.$group } }
            }
        }
    };
}

fn check(status: Status) -> Result<(), Status> {
    match status {
        Status::OK => Ok(()),
        failed => Err(failed),
    }
}

group! {
    /// kong.client
    client: Client {
        get_ip() -> bytes;
        get_forwarded_ip() -> bytes;
        get_port() -> integer;
        get_forwarded_port() -> integer;
    }
}

group! {
    /// kong.log
    log: Log {
        alert(message: text);
        crit(message: text);
        err(message: text);
        warn(message: text);
        notice(message: text);
        info(message: text);
        debug(message: text);
    }
}

group! {
    /// kong.request
    request: Request {
        get_scheme() -> bytes;
        get_host() -> bytes;
        get_port() -> integer;
        get_forwarded_scheme() -> bytes;
        get_forwarded_host() -> bytes;
        get_forwarded_port() -> integer;
        get_forwarded_path() -> bytes;
        get_forwarded_prefix() -> optional_bytes;
        get_http_version() -> number;
        get_method() -> bytes;
        get_path() -> bytes;
        get_raw_path() -> bytes;
        get_path_with_query() -> bytes;
        get_raw_query() -> bytes;
        get_query_arg(name: text) -> optional_bytes;
        get_query: Undeclared;
        get_header(name: text) -> optional_bytes;
        get_headers: Undeclared;
        get_raw_body(max_allowed_file_size: integer) -> bytes;
    }
}

group! {
    /// kong.response
    response: Response {
        get_status() -> integer;
        get_header(name: text) -> optional_bytes;
        get_headers: Undeclared;
        get_source() -> bytes;
        set_status(status: integer);
        set_header(name: text, value: text);
        add_header(name: text, value: text);
        clear_header(name: text);
        set_headers: Undeclared;
        get_raw_body() -> optional_bytes;
        set_raw_body: Undeclared;
        exit: Exit;
    }
}

type Exit =
    unsafe extern "C" fn(*const Kong, i64, *const u8, usize, headers: *const c_void) -> Status;

impl Group<'_, Response> {
    /// Answers the client and ends the event: return from the handler after it.
    pub fn exit(&self, status: i64, body: &[u8]) -> Result<(), Status> {
        check(unsafe {
            (self.table.exit)(self.kong, status, body.as_ptr(), body.len(), ptr::null())
        })
    }
}

group! {
    /// kong.service
    service: Service {
        set_upstream(host: text) -> boolean;
        set_target(host: text, port: integer);
    }
}

group! {
    /// kong.service.request
    service_request: ServiceRequest {
        set_scheme(scheme: text);
        set_path(path: text);
        set_raw_query(query: text);
        set_method(method: text);
        set_query: Undeclared;
        clear_query_arg(name: text);
        set_header(name: text, value: text);
        add_header(name: text, value: text);
        clear_header(name: text);
        set_headers: Undeclared;
        set_raw_body: SetRawBody;
    }
}

type SetRawBody = unsafe extern "C" fn(*const Kong, *const u8, usize) -> Status;

impl Group<'_, ServiceRequest> {
    pub fn set_raw_body(&self, body: &[u8]) -> Result<(), Status> {
        check(unsafe { (self.table.set_raw_body)(self.kong, body.as_ptr(), body.len()) })
    }
}

/// `kong_pdk`: Kong, as a handler sees it, on its thread and until it returns.
#[repr(C)]
pub struct Kong {
    size: u32,
    pub phase: u32,
    pub event: u64,
    host: *const Host,
    error: unsafe extern "C" fn(*const Kong) -> Bytes,
    flush: unsafe extern "C" fn(*const Kong) -> Status,
    client: *const Client,
    client_tls: Undeclared,
    ip: Undeclared,
    ctx_shared: Undeclared,
    nginx: Undeclared,
    log: *const Log,
    node: Undeclared,
    cluster: Undeclared,
    plugin: Undeclared,
    router: Undeclared,
    telemetry: Undeclared,
    vault: Undeclared,
    request: *const Request,
    response: *const Response,
    service: *const Service,
    service_request: *const ServiceRequest,
    service_response: Undeclared,
}

impl Kong {
    /// Why the last function that failed on this thread did.
    pub fn error(&self) -> String {
        String::from_utf8_lossy(unsafe { (self.error)(self).get() }.unwrap_or_default())
            .into_owned()
    }

    /// Waits until Kong has done all that is queued.
    pub fn flush(&self) -> Result<(), Status> {
        check(unsafe { (self.flush)(self) })
    }
}
