//! Short logs in the printing styles of many libraries, and of what else a notebook prints, with
//! the points that a reader of the text would write down.
//!
//! The logs were written by hand after what the named library prints; what libraries really
//! printed is tested with captures (`extract.rs`). Each block of `data/styles/*.txt` is a log and
//! its points (`name value step=… epoch=… rank=…`). A point behind `?` is one that is not read
//! yet; a line that comes to be read must lose its mark.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use entrenar::extract::{self, ExtractedPoint, PointKind};

struct Style<'a> {
    name: &'a str,
    log: &'a str,
    expected: Vec<&'a str>,
    missed: Vec<&'a str>,
}

fn styles(text: &str) -> Vec<Style<'_>> {
    let blocks = text.split("=== ").skip(1);
    blocks
        .map(|block| {
            let (name, rest) = block.split_once('\n').unwrap();
            let (log, expected) = rest.split_once("--- expect\n").unwrap();
            let (missed, expected) = expected.lines().partition(|line| line.starts_with("? "));
            Style {
                name,
                log,
                expected,
                missed,
            }
        })
        .collect()
}

/// `name value`, then what is known of step, epoch and rank.
fn written(point: &ExtractedPoint) -> String {
    use std::fmt::Write as _;
    let mut line = format!("{} {}", point.name, point.value);
    if let Some(epoch) = point.epoch {
        write!(line, " epoch={epoch}").unwrap();
    }
    if let Some(rank) = point.rank {
        write!(line, " rank={rank}").unwrap();
    }
    if let Some(step) = point.step {
        write!(line, " step={step}").unwrap();
    }
    if point.kind == PointKind::Progress {
        line.push_str(" (progress)");
    }
    line
}

/// An expected line as [`written`] would have it: the number shortest, the places in order.
fn canonical(line: &str) -> String {
    let line = line.trim_start_matches("? ");
    let is_place = |word: &str| {
        ["epoch=", "rank=", "step="]
            .iter()
            .any(|place| word.starts_with(place))
    };
    let (mut places, mut words): (Vec<&str>, Vec<&str>) =
        line.split(' ').partition(|word| is_place(word));
    places.sort_unstable();
    let value: f64 = words.pop().unwrap().parse().unwrap();
    let mut line = format!("{} {value}", words.join(" "));
    for place in places {
        line.push(' ');
        line.push_str(place);
    }
    line
}

fn check(text: &str) -> (usize, usize) {
    let (mut expected_count, mut missed_count) = (0, 0);
    let mut differences = String::new();
    for style in styles(text) {
        let mut found: Vec<String> = extract::points(style.log).iter().map(written).collect();
        let mut note = |what: &str, line: &str| {
            differences.push_str(&format!("{}: {what} {line}\n", style.name));
        };
        for line in style.expected.iter().map(|line| canonical(line)) {
            match found.iter().position(|found| *found == line) {
                Some(at) => drop(found.remove(at)),
                None => note("not found:", &line),
            }
        }
        for line in style.missed.iter().map(|line| canonical(line)) {
            if found.contains(&line) {
                note("found now:", &line);
            }
        }
        for line in found {
            note("not expected:", &line);
        }
        expected_count += style.expected.len();
        missed_count += style.missed.len();
    }
    assert!(differences.is_empty(), "\n{differences}");
    (expected_count, missed_count)
}

#[test]
fn trainings_of_many_styles_are_read() {
    let (read, missed) = check(include_str!("data/styles/trainings.txt"));
    // 0.9 of all points; those not read are in the list.
    assert!(read >= 9 * missed, "{read} read, {missed} not");
}

#[test]
fn other_output_gives_no_points() {
    let (read, missed) = check(include_str!("data/styles/noise.txt"));
    assert_eq!((read, missed), (0, 0));
}
