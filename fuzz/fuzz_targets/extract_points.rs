#![no_main]
//! Printed text: every point's byte range lies in the text, on character boundaries.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for point in entrenar::extract::points(text) {
        assert!(text.get(point.span).is_some());
    }
});
