#![no_main]
//! Envelopes and statements: what is read is written back as something equal.

use entrenar::research::signing::in_toto::{Envelope, Statement};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(statement) = Statement::parse(bytes)
        && statement
            .subjects
            .iter()
            .all(|subject| subject.sha256.is_some())
    {
        assert_eq!(
            Statement::parse(&statement.to_json()).expect("our own JSON"),
            statement
        );
    }
    if let Ok(envelope) = Envelope::parse(bytes) {
        assert_eq!(
            Envelope::parse(&envelope.to_json()).expect("our own JSON"),
            envelope
        );
        drop(envelope.unchecked_statement());
    }
});
