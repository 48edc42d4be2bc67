#![no_main]
//! A CSL-JSON item formatted in a style of the archive.

use entrenar::research::read::{self, ReadLimits};
use entrenar::research::style::{CitationStyle, TextFormat};
use libfuzzer_sys::fuzz_target;

const STYLES: [&str; 7] = [
    "apa",
    "ieee",
    "chicago-author-date",
    "chicago-notes",
    "mla",
    "vancouver",
    "nature",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let Ok(read) = read::csl_json(rest, ReadLimits::default()) else {
        return;
    };
    if read.references.is_empty() {
        return;
    }
    let name = STYLES[usize::from(*first) % STYLES.len()];
    let style = CitationStyle::named(name).unwrap();
    let html = style
        .bibliography(&read.references, None, TextFormat::Html)
        .unwrap();
    assert!(!html.contains("<script"), "{html}");
});
