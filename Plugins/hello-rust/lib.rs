//! The tutorial's plugin, in Rust.

#[macro_use]
mod kong;
use kong::{Kong, Status, Text};

config! {
    struct Config {
        greeting: Text = "default: 'hello', len_min: 1",
    }
}

fn access(kong: &Kong, config: &Config) -> Result<(), Status> {
    let host = kong.request().get_header("host")?.unwrap_or(b"nobody");
    let greeting = format!("{}, {}", config.greeting, String::from_utf8_lossy(host));
    kong.service_request().set_header("x-greeting", &greeting)
}

fn response(kong: &Kong, _: &Config) -> Result<(), Status> {
    kong.response().add_header("x-compiler", kong::COMPILER)
}

plugin! {
    version: "1.0.0",
    priority: 1000,
    config: Config,
    handlers: { ACCESS: access, RESPONSE: response },
}
