use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};

/// Formats a moment as RFC 3339 in UTC, with as many digits of the second as it has.
pub(crate) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// A point's wall time: RFC 3339, or the bare number of microseconds where no calendar date
/// can hold it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PointTime(pub(crate) i64);

impl PointTime {
    pub(crate) fn to_text(self) -> String {
        DateTime::from_timestamp_micros(self.0).map_or_else(|| self.0.to_string(), rfc3339)
    }
}

impl Serialize for PointTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match DateTime::from_timestamp_micros(self.0) {
            Some(time) => serializer.serialize_str(&rfc3339(time)),
            None => serializer.serialize_i64(self.0),
        }
    }
}

/// A moment in JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(pub(crate) DateTime<Utc>);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339(self.0))
    }
}

/// A number in JSON, as [`number::to_json`](crate::session::number::to_json) encodes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number(pub(crate) f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            serializer.serialize_f64(self.0)
        } else {
            crate::session::number::to_json(self.0).serialize(serializer)
        }
    }
}
