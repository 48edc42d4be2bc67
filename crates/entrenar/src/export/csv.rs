//! All points as CSV (RFC 4180).

use std::borrow::Cow;
use std::io::Write as _;

use crate::session::{EntrenarSession, number};

use super::time::PointTime;

/// The columns, in order.
pub const COLUMNS: [&str; 7] = ["name", "run", "rank", "step", "epoch", "time", "value"];

/// All points, a row each: series by series, in the order in which the points came.
///
/// `run` is the run's number from 0; what is not known is empty; `time` is RFC 3339 in UTC;
/// numbers are the shortest text that reads back as the same number, with `NaN`, `Infinity` and
/// `-Infinity`. Lines end with a line feed, which RFC 4180 readers accept as well as CRLF.
pub fn metrics(session: &EntrenarSession) -> Vec<u8> {
    let mut out = format!("{}\n", COLUMNS.join(",")).into_bytes();
    for series in session.metrics.series() {
        let key = series.key();
        let head = format!("{},{},{}", field(&key.name), text(key.run), text(key.rank));
        for point in series.points() {
            let written = writeln!(
                out,
                "{head},{},{},{},{}",
                text(point.step),
                point.epoch.map(number::to_text).unwrap_or_default(),
                point
                    .time_us
                    .map(|us| PointTime(us).to_text())
                    .unwrap_or_default(),
                number::to_text(point.value),
            );
            debug_assert!(written.is_ok(), "writing to memory does not fail");
        }
    }
    out
}

fn text(value: Option<impl ToString>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

/// Quotes a field where RFC 4180 asks for it.
fn field(value: &str) -> Cow<'_, str> {
    if value.contains(['"', ',', '\n', '\r']) || value.trim() != value {
        Cow::Owned(format!("\"{}\"", value.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Point, SeriesKey};

    #[test]
    fn absent_values_are_empty_and_names_are_quoted() {
        let mut session = EntrenarSession::empty("s", "S");
        session.metrics.add_loss(0.5);
        session.metrics.add_loss(f64::NAN);
        session.metrics.push(
            SeriesKey {
                name: "a \"b\", c\n".into(),
                run: Some(1),
                rank: Some(0),
            },
            Point {
                value: f64::NEG_INFINITY,
                step: None,
                epoch: Some(0.25),
                time_us: Some(1_700_000_000_123_456),
                origin: None,
            },
        );
        assert_eq!(
            String::from_utf8(metrics(&session)).unwrap(),
            "name,run,rank,step,epoch,time,value\n\
             loss,,,0,,,0.5\n\
             loss,,,1,,,NaN\n\
             \"a \"\"b\"\", c\n\",1,0,,0.25,2023-11-14T22:13:20.123456Z,-Infinity\n"
        );
    }
}
