#![no_main]
//! Requests, replies and certificates of timestamp authorities: any bytes are an error or a
//! value, and nobody's timestamp holds where nobody is trusted.

use entrenar::research::signing::timestamp::{Reply, Request, TrustAnchors};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(request) = Request::parse(bytes)
        && let Ok(reply) = Reply::parse(bytes)
    {
        drop(reply.check_request(&request));
    }
    if let Ok(reply) = Reply::parse(bytes) {
        assert_eq!(reply.as_bytes(), bytes);
        let digest = reply.unchecked_sha256();
        assert!(reply.verify(&digest, &TrustAnchors::default()).is_err());
    }
    if let Ok(anchors) = TrustAnchors::parse(bytes) {
        assert!(!anchors.is_empty());
    }
});
