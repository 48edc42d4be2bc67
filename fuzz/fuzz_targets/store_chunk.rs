#![no_main]
//! The body of a series chunk with a right checksum: an error or at most as many points as a
//! chunk may have.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    entrenar::store::fuzz_chunk(bytes);
});
