//! How values of the session model are bound to and read from SQL.

use chrono::{DateTime, Timelike as _, Utc};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, Value, ValueRef};

use crate::session::Sha256Hash;

const MICROS_PER_SECOND: i64 = 1_000_000;
const NANOS_PER_MICRO: u32 = 1_000;
const NANOS_PER_SECOND: u32 = 1_000_000_000;

/// Binds foreign text: as TEXT, or as BLOB where it has a NUL, at which SQL functions would stop.
pub(super) fn text(text: &str) -> ToSqlOutput<'_> {
    let bytes = text.as_bytes();
    if bytes.contains(&0) {
        ToSqlOutput::Borrowed(ValueRef::Blob(bytes))
    } else {
        ToSqlOutput::Borrowed(ValueRef::Text(bytes))
    }
}

/// Binds foreign text that may be absent.
pub(super) fn optional_text(value: Option<&str>) -> ToSqlOutput<'_> {
    value.map_or(ToSqlOutput::Owned(Value::Null), text)
}

/// Foreign text as a parameter that outlives it.
pub(super) fn owned_text(text: &str) -> Value {
    if text.as_bytes().contains(&0) {
        Value::Blob(text.as_bytes().to_vec())
    } else {
        Value::Text(text.to_owned())
    }
}

/// Foreign text as [`text`] bound it.
pub(super) struct Text(pub(super) String);

impl FromSql for Text {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let (ValueRef::Text(bytes) | ValueRef::Blob(bytes)) = value else {
            return Err(FromSqlError::InvalidType);
        };
        std::str::from_utf8(bytes)
            .map(|text| Self(text.to_owned()))
            .map_err(FromSqlError::other)
    }
}

/// A SHA-256 digest, bound as its 32 bytes.
pub(super) struct Hash(pub(super) Sha256Hash);

impl FromSql for Hash {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = <[u8; 32]>::column_result(value)?;
        Ok(Self(Sha256Hash::from_bytes(bytes)))
    }
}

/// Splits a moment into microseconds and the rest below (see the schema).
pub(super) fn moment(time: DateTime<Utc>) -> (i64, u32) {
    let nanos = time.nanosecond();
    let (leap, nanos) = (nanos / NANOS_PER_SECOND, nanos % NANOS_PER_SECOND);
    let micros = time
        .timestamp()
        .saturating_mul(MICROS_PER_SECOND)
        .saturating_add(i64::from(nanos / NANOS_PER_MICRO));
    (micros, nanos % NANOS_PER_MICRO + leap * NANOS_PER_MICRO)
}

/// Splits a moment that may be absent.
pub(super) fn optional_moment(time: Option<DateTime<Utc>>) -> (Option<i64>, Option<u32>) {
    time.map(moment).unzip()
}

/// The moment that [`moment`] split; `None` if no moment has these parts.
pub(super) fn from_moment(micros: i64, rest: u32) -> Option<DateTime<Utc>> {
    let within = u32::try_from(micros.rem_euclid(MICROS_PER_SECOND)).ok()?;
    let leap = rest / NANOS_PER_MICRO;
    let nanos = within
        .checked_mul(NANOS_PER_MICRO)?
        .checked_add(rest % NANOS_PER_MICRO)?
        .checked_add(leap.checked_mul(NANOS_PER_SECOND)?)?;
    DateTime::from_timestamp(micros.div_euclid(MICROS_PER_SECOND), 0)?.with_nanosecond(nanos)
}

/// The signed number with the same bits.
pub(super) fn signed(number: u64) -> i64 {
    number.cast_signed()
}

/// The unsigned number with the same bits.
pub(super) fn unsigned(number: i64) -> u64 {
    number.cast_unsigned()
}

/// A length as SQL has it.
pub(super) fn length(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn moments_survive(
            seconds in -8_000_000_000_000_i64..8_000_000_000_000,
            nanos in 0..2_000_000_000_u32,
        ) {
            let time = DateTime::from_timestamp(seconds, 0)
                .unwrap()
                .with_nanosecond(nanos)
                .unwrap();
            let (micros, rest) = moment(time);
            prop_assert_eq!(from_moment(micros, rest), Some(time));
        }
    }

    #[test]
    fn the_first_and_last_moments_survive() {
        for time in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            let (micros, rest) = moment(time);
            assert_eq!(from_moment(micros, rest), Some(time));
        }
    }

    #[test]
    fn text_with_a_nul_is_a_blob() {
        assert!(matches!(
            text("a\0b"),
            ToSqlOutput::Borrowed(ValueRef::Blob(_))
        ));
        assert!(matches!(
            text("a"),
            ToSqlOutput::Borrowed(ValueRef::Text(_))
        ));
    }
}
