#![no_main]
//! Bytes read as Ruchy's history format.

use entrenar::bridge::{self, SourceContext};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let context = SourceContext::default();
    drop(bridge::ruchy::read(
        bytes,
        entrenar::session::SourceFormat::RuchyHistory,
        &context,
    ));
});
