#![no_main]
//! Parts of a recorder's frames of any bytes: read, passed over or refused; what was read can be written
//! and read again.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    entrenar::store::recording::fuzz_frames(bytes);
});
