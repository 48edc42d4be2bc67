#![no_main]
//! `codemeta.json`, `.zenodo.json` and `CITATION.cff` of a working folder: read, or refused with places.

use entrenar::research::metadata::{read_cff, read_codemeta, read_zenodo};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for read in [read_codemeta, read_zenodo, read_cff] {
        match read("f", bytes) {
            Ok(found) => {
                // What is the project's own is not the session's.
                let metadata = found.metadata;
                assert!(
                    metadata.title.is_none()
                        && metadata.doi.is_none()
                        && metadata.version.is_none()
                );
                assert!(
                    metadata
                        .authors
                        .iter()
                        .flatten()
                        .all(|author| author.name != "Author not recorded")
                );
            }
            Err(error) => assert!(!error.problems.is_empty() && !error.to_string().is_empty()),
        }
    }
});
