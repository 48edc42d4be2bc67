#![no_main]
//! Keys and signatures of minisign: what is read is written back the same, and no key verifies
//! what it did not sign.

use entrenar::research::signing::{LockedKey, PublicKey, SecretKey, Signature};
use libfuzzer_sys::fuzz_target;

const KEY: &str = "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAma/JNT40MijsGP7/xIiq19OOHypU/MO4LI/sI0PhyqUE3qHoW7hDJZcj/Hxd6MVz+k4Vab7jXNtGz1KZePej8NqcKWzB6uNkAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(key) = PublicKey::parse(text) {
        assert_eq!(PublicKey::parse(&key.to_text()).expect("our own text"), key);
        assert_eq!(PublicKey::parse(&key.to_line()).expect("our own line"), key);
    }
    if let Ok(key) = LockedKey::parse(text)
        && !key.is_encrypted()
        && let Ok(key) = key.unlock(None)
    {
        let again = LockedKey::parse(&key.to_text_unencrypted()).expect("our own text");
        let again: SecretKey = again.unlock(None).expect("no password");
        assert_eq!(again.public_key(), key.public_key());
    }
    if let Ok(signature) = Signature::parse(text) {
        let again = Signature::parse(&signature.to_text()).expect("our own text");
        assert_eq!(again, signature);
        let key = LockedKey::parse(KEY)
            .and_then(|key| key.unlock(None))
            .expect("a key");
        // Nobody signed this.
        assert!(key.public_key().verify(bytes, &signature).is_err());
    }
});
