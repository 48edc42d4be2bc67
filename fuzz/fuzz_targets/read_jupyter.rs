#![no_main]
//! Bytes read as a Jupyter notebook; the edition of what was read is a notebook again.

use entrenar::bridge::{self, SourceContext};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let context = SourceContext::default();
    if let Ok(session) = bridge::jupyter::read(bytes, &context) {
        let edition = entrenar::export::notebook::edition(&session);
        let again = bridge::jupyter::read(&edition, &context).expect("the edition is a notebook");
        assert_eq!(again.code_history.len(), session.code_history.len());
    }
});
