//! All points as JSON Lines: one object a line.

use serde::Serialize;

use crate::session::EntrenarSession;

use super::session_json::PointOut;

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    run: Option<u32>,
    rank: Option<u32>,
    #[serde(flatten)]
    point: PointOut<'a>,
}

/// All points, an object each: series by series, in the order in which the points came.
///
/// The fields are `name`, `run`, `rank` and those of a point in `session.json`.
pub fn points(session: &EntrenarSession) -> Vec<u8> {
    let mut out = Vec::new();
    for series in session.metrics.series() {
        let key = series.key();
        for point in series.points() {
            let line = Line {
                name: &key.name,
                run: key.run,
                rank: key.rank,
                point: PointOut::of(point),
            };
            let written = serde_json::to_writer(&mut out, &line);
            debug_assert!(written.is_ok(), "writing to memory does not fail");
            out.push(b'\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_point_is_an_object_on_its_line() {
        let mut session = EntrenarSession::empty("s", "S");
        session.metrics.log(7, "loss", 0.5);
        session.metrics.log(3, "loss", f64::INFINITY);
        assert_eq!(
            String::from_utf8(points(&session)).unwrap(),
            "{\"name\":\"loss\",\"run\":null,\"rank\":null,\"step\":7,\"epoch\":null,\"time\":null,\"value\":0.5}\n\
             {\"name\":\"loss\",\"run\":null,\"rank\":null,\"step\":3,\"epoch\":null,\"time\":null,\"value\":\"Infinity\"}\n"
        );
    }
}
