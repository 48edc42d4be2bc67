#![no_main]
//! Bytes read as our own session.json.

use entrenar::bridge::{self, SourceContext};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let context = SourceContext::default();
    drop(bridge::session_json::read(bytes, &context));
});
