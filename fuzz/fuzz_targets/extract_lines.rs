#![no_main]
//! Printed text as a terminal shows it: each line state is one line without controls that a
//! terminal obeys, and every piece of it lies in the text.

use entrenar::extract::lines;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    lines::scan(text, |state| {
        assert!(!state.text.contains(['\n', '\x1b']));
        let span = state.span(0..state.text.len());
        assert!(span.start <= span.end && span.end <= text.len());
        for at in 0..state.text.len().min(64) {
            let span = state.span(at..at + 1);
            assert!(span.start < span.end && span.end <= text.len());
        }
    });
});
