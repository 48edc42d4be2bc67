#![no_main]
//! Whatever an archive answers: its messages become short lines, and a kept state is read or refused.

use entrenar::research::archive::{DepositState, refusal};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(state) = serde_json::from_slice::<DepositState>(bytes) {
        let text = serde_json::to_string(&state).expect("a state can be kept");
        let again: DepositState = serde_json::from_str(&text).expect("and read back");
        assert_eq!(state, again);
    }
    let Ok(answer) = serde_json::from_slice::<Value>(bytes) else {
        let _ = refusal::field_of(&String::from_utf8_lossy(bytes));
        return;
    };
    let mut refusals = refusal::read(&answer, |text| text.chars().take(300).collect());
    assert!((1..=100).contains(&refusals.len()));
    refusal::locate(&mut refusals, &answer);
    for refusal in &refusals {
        assert!(!refusal.to_string().is_empty() || refusal.message.is_empty());
    }
});
