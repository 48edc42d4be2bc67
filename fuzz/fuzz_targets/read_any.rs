#![no_main]
//! Any bytes at all: the format is found by content; what is read can be exported again.

use entrenar::bridge::{self, SourceContext};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let context = SourceContext {
        name: Some("fuzz.ipynb".into()),
        ..SourceContext::default()
    };
    if let Ok(session) = bridge::read(bytes, &context) {
        let json = entrenar::export::session_json::to_vec(
            &session,
            entrenar::export::session_json::Times::Recorded,
        );
        bridge::read(&json, &context).expect("our own session.json can be read");
    }
});
