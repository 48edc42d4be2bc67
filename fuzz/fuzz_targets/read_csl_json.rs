#![no_main]
//! Bytes read as CSL-JSON; what is read is written back as CSL-JSON and BibLaTeX, and that must read
//! back as what was written.

#[path = "shared/references.rs"]
mod references;

use entrenar::research::read::{self, ReadLimits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = read::csl_json(bytes, ReadLimits::default()) {
        references::written_and_read(&read.references);
    }
});
