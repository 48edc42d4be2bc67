use entrenar::session::{Clock as _, Point, SystemClock};
use entrenar::store::Store as _;
use entrenar::store::recording::{Direct, End, Frame, RecorderId, Start};

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::term::Line;

/// Record points of a live session, from a shell script
///
/// Each call is durable when it returns, and any number of calls may run at the same time.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar log --new 'Sweep with rank 64'    (prints the id: id=$(entrenar log …))
  entrenar log --session $id step=3 loss=0.5 val/acc=0.91
  entrenar log --session $id --config lr=1e-3 --tag sweep
  entrenar log --session $id --finish")]
pub(crate) struct Args {
    /// The session's whole id
    #[arg(long, short, value_name = "ID", required_unless_present = "new")]
    session: Option<String>,
    /// Make a new session of this name and print its id (which `--session` may choose)
    #[arg(long, value_name = "NAME")]
    new: Option<String>,
    /// `step=N` and `epoch=X` are those of all the values; any other NAME=VALUE is a point
    #[arg(value_name = "NAME=VALUE")]
    values: Vec<String>,
    /// Rank of the process in a distributed training
    #[arg(long, value_name = "N")]
    rank: Option<u32>,
    /// Set an entry of the configuration (repeatable)
    #[arg(long, value_name = "NAME=VALUE")]
    config: Vec<String>,
    /// Add a tag (repeatable)
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// The session ends with this call
    #[arg(long)]
    finish: bool,
    /// The session ends with this call, and what was trained failed
    #[arg(long, conflicts_with = "finish")]
    fail: bool,
}

/// Longest name of a series, as a recorder takes it.
const MOST_NAME_BYTES: usize = entrenar::record::MAX_NAME_BYTES;

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let points = points(&self.values)?;
        let mut frames = Vec::new();
        for entry in &self.config {
            let (name, value) = split(entry)?;
            frames.push(Frame::Config {
                name: name.to_owned(),
                value: value.to_owned(),
            });
        }
        frames.extend(self.tag.iter().cloned().map(Frame::Tag));
        if self.finish || self.fail {
            frames.push(Frame::End(End {
                at: SystemClock.now(),
                failed: self.fail,
            }));
        }
        if points.is_empty() && frames.is_empty() && self.new.is_none() {
            return Err(Failure::usage("nothing is given to record")
                .hint("write values such as `step=3 loss=0.5`"));
        }
        let id = match &self.session {
            Some(id) if id.is_empty() => {
                return Err(Failure::usage("the id of a session cannot be empty"));
            }
            Some(id) => id.clone(),
            None => new_id()?,
        };
        let mut store = match &self.new {
            Some(_) => app.store_to_write()?,
            None => {
                // The beginning of an id is asked for only where the whole is not there.
                let (store, _) = app.find_to_write(&id)?;
                store
            }
        };
        let id = match &self.new {
            Some(_) => id,
            None => store.resolve(&id)?,
        };
        let name = self.new.clone().unwrap_or_default();
        let mut start = Start::new(&id, name, SystemClock.now());
        start.pid = 0;
        start.rank = self.rank;
        store.append(&Direct {
            start: &start,
            create: self.new.is_some(),
            is_new: self.new.is_some(),
            frames: &frames,
            points: &points,
        })?;
        if self.new.is_some() {
            app.out.line(&Line::new().plain(id))?;
        }
        Ok(Exit::Done)
    }
}

/// A random id of 16 hexadecimal digits.
fn new_id() -> Result<String, Failure> {
    let random = RecorderId::random().map_err(|error| {
        Failure::new(Exit::Store, "no id can be made for the session").because(&error)
    })?;
    Ok(random.to_string().chars().take(16).collect())
}

fn split(text: &str) -> Result<(&str, &str), Failure> {
    let parts = text.rsplit_once('=').filter(|(name, _)| !name.is_empty());
    parts.ok_or_else(|| {
        Failure::usage(format!("{text}: not NAME=VALUE")).hint("write it as `loss=0.5`")
    })
}

/// The points, all of one step and epoch.
fn points(values: &[String]) -> Result<Vec<(String, Point)>, Failure> {
    let mut common = Point::default();
    let mut points = Vec::new();
    for text in values {
        let (name, value) = split(text)?;
        let not = |what: &str| Failure::usage(format!("{text}: {value:?} is no {what}"));
        match name {
            "step" => common.step = Some(value.parse().map_err(|_error| not("whole number"))?),
            "epoch" => common.epoch = Some(value.parse().map_err(|_error| not("number"))?),
            _ if name.len() > MOST_NAME_BYTES => {
                return Err(Failure::usage(format!(
                    "the name of a series has {} bytes, more than {MOST_NAME_BYTES}",
                    name.len()
                )));
            }
            _ => {
                let value = value.parse().map_err(|_error| not("number"))?;
                points.push((name.to_owned(), value));
            }
        }
    }
    let point = |(name, value)| {
        let point = Point {
            value,
            ..common.clone()
        };
        (name, point)
    };
    Ok(points.into_iter().map(point).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Vec<(String, Point)>, Failure> {
        let values: Vec<String> = line.split(' ').map(str::to_owned).collect();
        points(&values)
    }

    #[test]
    fn step_and_epoch_are_those_of_all_values() {
        let found = read("loss=0.5 step=-3 val/acc=nan epoch=1.5 a=b=2").unwrap();
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["loss", "val/acc", "a=b"]);
        assert!(found.iter().all(|(_, p)| p.step == Some(-3)));
        assert_eq!(found[0].1.epoch, Some(1.5));
        assert!(found[1].1.value.is_nan());
        assert_eq!(found[2].1.value.to_string(), "2");
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for line in [
            "loss",
            "=1",
            "loss=",
            "loss=x",
            "step=1.5 loss=1",
            "epoch= a=1",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
