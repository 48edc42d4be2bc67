#![no_main]
//! `events.jsonl`: what is read is written as it was.

use entrenar::session::SessionChain;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(chain) = SessionChain::parse("s", bytes) {
        assert_eq!(chain.to_jsonl(), bytes);
    }
});
