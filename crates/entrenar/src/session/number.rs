//! Numbers in JSON and in text, including those that JSON does not have.
//!
//! JSON (RFC 8259, section 6) has no NaN and no infinities. Every JSON that entrenar writes has
//! them as the strings `"NaN"`, `"Infinity"` and `"-Infinity"`; text formats (CSV) hold the same
//! words bare. The bit pattern of a NaN is not kept.

use serde_json::{Number, Value};

/// Encodes `value` for JSON.
pub fn to_json(value: f64) -> Value {
    Number::from_f64(value).map_or_else(|| Value::from(special_name(value)), Value::Number)
}

/// Decodes what [`to_json`] wrote; `None` for anything else.
pub fn from_json(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

/// Formats `value` as the shortest decimal text that reads back as the same number.
pub fn to_text(value: f64) -> String {
    to_json(value)
        .as_str()
        .map_or_else(|| to_json(value).to_string(), ToOwned::to_owned)
}

fn special_name(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_number_survives_json_and_text(value in proptest::num::f64::ANY) {
            let json = serde_json::to_string(&to_json(value)).unwrap();
            let back = from_json(&serde_json::from_str(&json).unwrap()).unwrap();
            prop_assert!(back.to_bits() == value.to_bits() || back.is_nan() && value.is_nan());
            let text: f64 = to_text(value).parse().unwrap();
            prop_assert!(text.to_bits() == value.to_bits() || text.is_nan() && value.is_nan());
        }
    }
}
