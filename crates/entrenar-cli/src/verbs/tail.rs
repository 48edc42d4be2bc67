use std::thread::sleep;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use entrenar::record::{Following, RecordError, Recorded, SessionFollower};
use entrenar::session::{SessionState, number};
use serde_json::json;

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::term::{Line, Tone};

/// Follow a session while it is recorded
///
/// Prints points and cells as they come, from any process, until the session ends.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar tail sess-001
  entrenar tail sess-001 --metric loss
  entrenar tail sess-001 --json | jq -r 'select(.name == \"loss\").value'")]
pub(crate) struct Args {
    /// The session's id or the beginning of it
    id: String,
    /// Only this metric (repeatable)
    #[arg(long, value_name = "NAME")]
    metric: Vec<String>,
    /// Print a JSON object on each line
    #[arg(long)]
    json: bool,
}

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(50);

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let (store, id) = app.find(&self.id)?;
        let mut follower = SessionFollower::new(store, &id)?;
        loop {
            let mut recorded = Vec::new();
            let following = follower
                .poll(|one| recorded.push(one))
                .map_err(|error| failed(&error))?;
            for one in &recorded {
                self.print(app, one)?;
            }
            // Whoever reads a pipe reads now.
            app.out.flush()?;
            match following {
                Following::Live if recorded.is_empty() => sleep(PAUSE),
                Following::Live => {}
                Following::Ended(state) => {
                    self.print_end(app, state)?;
                    return Ok(Exit::Done);
                }
            }
        }
    }

    fn print(&self, app: &mut App, recorded: &Recorded) -> Result<(), Failure> {
        match recorded {
            Recorded::Point(key, point) => {
                if !self.metric.is_empty() && !self.metric.contains(&key.name) {
                    return Ok(());
                }
                let time = point.time_us.and_then(DateTime::from_timestamp_micros);
                if self.json {
                    let object = json!({
                        "kind": "point",
                        "name": key.name,
                        "run": key.run,
                        "rank": key.rank,
                        "step": point.step,
                        "epoch": point.epoch.map(number::to_json),
                        "value": number::to_json(point.value),
                        "time": time.map(precise),
                    });
                    return Ok(app.out.long_line(&Line::new().plain(object.to_string()))?);
                }
                let mut line = Line::new().dim(clock(time));
                if let Some(rank) = key.rank {
                    line = line.dim(format!("  rank {rank}"));
                }
                if let Some(step) = point.step {
                    line = line.dim("  step ").plain(step.to_string());
                }
                let value = number::to_text(point.value);
                let line = line
                    .plain(format!("  {} ", key.name))
                    .and(Tone::Strong, value);
                Ok(app.out.long_line(&line)?)
            }
            Recorded::Cell(rank, cell) if self.metric.is_empty() => {
                let cell = &cell.cell;
                if self.json {
                    let object = json!({
                        "kind": "cell",
                        "rank": rank,
                        "source": cell.source,
                        "output": cell.output,
                        "time": precise(cell.timestamp),
                        "duration_ms": cell.duration_ms,
                    });
                    return Ok(app.out.long_line(&Line::new().plain(object.to_string()))?);
                }
                app.out
                    .line(&Line::new().dim(clock(Some(cell.timestamp))).dim("  cell"))?;
                let texts = [Some(&cell.source), cell.output.as_ref()];
                for line in texts.into_iter().flatten().flat_map(|text| text.lines()) {
                    app.out.long_line(&Line::new().plain(format!("  {line}")))?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn print_end(&self, app: &mut App, state: Option<SessionState>) -> Result<(), Failure> {
        if self.json {
            let object = json!({"kind": "end", "state": state.map(SessionState::as_str)});
            return Ok(app.out.long_line(&Line::new().plain(object.to_string()))?);
        }
        let line = match state {
            Some(state) => Line::new().dim(format!("the session is {}", state.as_str())),
            None => Line::of(Tone::Bad, "interrupted").plain(": the process that recorded is gone"),
        };
        app.out.line(&line)?;
        if state.is_none() {
            let hint = format!("`{}` keeps what it left", app.command("doctor"));
            app.out.line(&Line::new().dim(hint))?;
        }
        Ok(())
    }
}

fn failed(error: &RecordError) -> Failure {
    Failure::new(Exit::Store, "the session cannot be followed").because(error)
}

fn precise(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn clock(time: Option<DateTime<Utc>>) -> String {
    time.map_or_else(String::new, |time| time.format("%H:%M:%S%.3f").to_string())
}
