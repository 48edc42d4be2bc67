//! Which series of a session a chart or a table shows, and under what name.

use entrenar::export::chart::{Abscissa, ChartOptions, ChartSeries};
use entrenar::session::{EntrenarSession, Series, names};

use crate::errors::{Exit, Failure};

/// A hint names no more metrics than this.
const MOST_NAMES: usize = 40;

/// A chart with more lines shows none of them well.
pub(crate) const MOST_CURVES: usize = 12;

/// What of the sessions is to be drawn.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted<'a> {
    /// Names of metrics; without any, see [`pick`].
    pub(crate) metrics: &'a [String],
    /// Runs, as `show` counts them; without any, all.
    pub(crate) runs: &'a [u32],
}

impl Wanted<'_> {
    fn of_all_runs(self) -> Self {
        Self { runs: &[], ..self }
    }

    fn has_run(&self, series: &Series) -> bool {
        self.runs.is_empty() || series.key().run.is_some_and(|run| self.runs.contains(&run))
    }
}

/// The series that `wanted` names; without any name, the loss, else the accuracy, else the
/// longest series, one with a loss in its name before others. Several runs and ranks are several
/// series.
fn pick<'a>(session: &'a EntrenarSession, wanted: Wanted<'_>) -> Vec<&'a Series> {
    let is_wanted = |series: &&Series| !series.is_empty() && wanted.has_run(series);
    let all = || session.metrics.series().iter().filter(is_wanted);
    if wanted.metrics.is_empty() {
        let of = |series: Vec<&'a Series>| -> Vec<_> {
            series.into_iter().filter(|s| is_wanted(s)).collect()
        };
        let main = Some(of(session.metrics.loss()))
            .filter(|series| !series.is_empty())
            .unwrap_or_else(|| of(session.metrics.accuracy()));
        if !main.is_empty() {
            return main;
        }
        // Of equally long ones, the first that came.
        let longest = |series: &mut dyn Iterator<Item = &'a Series>| {
            series.reduce(|best, next| if next.len() > best.len() { next } else { best })
        };
        let mut other_losses = all().filter(|s| names::fold(s.name()).contains("loss"));
        let chosen = longest(&mut other_losses).or_else(|| longest(&mut all()));
        return chosen.into_iter().collect();
    }
    wanted
        .metrics
        .iter()
        .flat_map(|name| {
            let exact: Vec<_> = all().filter(|series| series.name() == name).collect();
            if exact.is_empty() {
                let folded = names::fold(name);
                all()
                    .filter(|series| names::fold(series.name()) == folded)
                    .collect()
            } else {
                exact
            }
        })
        .collect()
}

/// Names of a session's metrics, each once, for a hint.
fn known_names(session: &EntrenarSession) -> Vec<&str> {
    let mut names: Vec<_> = session.metrics.series().iter().map(Series::name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// No session has the metric that was asked for, or none in the runs that were.
fn no_such_metric(sessions: &[EntrenarSession], wanted: Wanted<'_>) -> Failure {
    if !wanted.runs.is_empty()
        && sessions
            .iter()
            .any(|one| !pick(one, wanted.of_all_runs()).is_empty())
    {
        let mut runs: Vec<u32> = sessions
            .iter()
            .flat_map(|session| pick(session, wanted.of_all_runs()))
            .filter_map(|series| series.key().run)
            .collect();
        runs.sort_unstable();
        runs.dedup();
        let named = wanted.runs.iter().map(u32::to_string).collect::<Vec<_>>();
        let failure = Failure::new(
            Exit::NotFound,
            format!("nothing to draw is of run {}", named.join(", ")),
        );
        return match (runs.first(), runs.last()) {
            (Some(first), Some(last)) => {
                failure.hint(format!("runs {first} to {last} have such points"))
            }
            _ => failure.hint("the points are of no run: leave out --run"),
        };
    }
    let mut known: Vec<_> = sessions.iter().flat_map(known_names).collect();
    known.sort_unstable();
    known.dedup();
    let failure = if wanted.metrics.is_empty() {
        Failure::new(Exit::NotFound, "there is no point to draw")
    } else {
        Failure::new(
            Exit::NotFound,
            format!("no metric {}", wanted.metrics.join(", ")),
        )
    };
    if known.is_empty() {
        failure.hint("nothing that the cells printed was read as a metric; `show` prints the cells")
    } else {
        let more = known.len().saturating_sub(MOST_NAMES);
        known.truncate(MOST_NAMES);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        failure.hint(format!("there are {}{more}", known.join(", ")))
    }
}

/// What tells a series from the others of its session: its name, run and rank.
pub(crate) fn label(session: &EntrenarSession, series: &Series) -> String {
    let key = series.key();
    let mut label = key.name.clone();
    if let Some(run) = key.run.filter(|_| session.runs.len() > 1) {
        let name = usize::try_from(run)
            .ok()
            .and_then(|run| session.runs.get(run))
            .and_then(|run| run.name.as_deref());
        match name {
            Some(name) => label.push_str(&format!(" · {name}")),
            None => label.push_str(&format!(" · run {run}")),
        }
    }
    if let Some(rank) = key.rank {
        label.push_str(&format!(" · rank {rank}"));
    }
    label
}

/// One line of a drawing.
#[derive(Debug)]
pub(crate) struct DrawnLine<'a> {
    /// The session it is from.
    pub(crate) session: &'a EntrenarSession,
    /// The series.
    pub(crate) series: &'a Series,
    /// What the legend says.
    pub(crate) label: String,
    abscissa: Abscissa,
}

/// The series of one or more sessions that a chart shows.
#[derive(Debug)]
pub(crate) struct Drawing<'a> {
    /// At most [`MOST_CURVES`] lines.
    pub(crate) lines: Vec<DrawnLine<'a>>,
    /// How many more there are.
    pub(crate) left_out: usize,
    /// What the abscissa is.
    pub(crate) x_label: &'static str,
}

impl<'a> Drawing<'a> {
    /// Picks the series of all sessions; with several sessions, their names are in the labels.
    pub(crate) fn of(sessions: &'a [EntrenarSession], wanted: Wanted<'_>) -> Result<Self, Failure> {
        let mut lines = Vec::new();
        for session in sessions {
            for series in pick(session, wanted) {
                let own = label(session, series);
                let label = match sessions {
                    [_] => own,
                    _ if is_name_of_one(sessions, &session.name) => {
                        format!("{} · {own}", session.name)
                    }
                    _ => format!("{} ({}) · {own}", session.name, session.id),
                };
                lines.push(DrawnLine {
                    session,
                    series,
                    label,
                    abscissa: Abscissa::of(series),
                });
            }
        }
        if lines.is_empty() {
            return Err(no_such_metric(sessions, wanted));
        }
        let left_out = lines.len().saturating_sub(MOST_CURVES);
        lines.truncate(MOST_CURVES);
        let series: Vec<_> = lines.iter().map(|line| line.series).collect();
        let shared = Abscissa::shared(&series);
        for (line, abscissa) in lines.iter_mut().zip(shared) {
            line.abscissa = abscissa;
        }
        let x_label = lines.first().map_or("", |line| line.abscissa.label());
        Ok(Self {
            lines,
            left_out,
            x_label,
        })
    }

    /// The lines as charts take them.
    pub(crate) fn series(&self) -> Vec<ChartSeries> {
        self.lines
            .iter()
            .map(|line| line.abscissa.series(line.series, &line.label))
            .collect()
    }

    /// What is written around the chart.
    pub(crate) fn options(&self) -> ChartOptions {
        ChartOptions {
            title: self.title(),
            x_label: self.x_label.to_owned(),
            y_label: self.metric_name().unwrap_or_default().to_owned(),
            ..ChartOptions::default()
        }
    }

    /// The name that all lines have.
    fn metric_name(&self) -> Option<&str> {
        let mut names = self.lines.iter().map(|line| line.series.name());
        let first = names.next()?;
        names.all(|name| name == first).then_some(first)
    }

    /// What draws fewer lines.
    pub(crate) fn advice(&self) -> &'static str {
        let runs = || {
            self.lines
                .iter()
                .map(|line| (&line.session.id, line.series.key().run))
        };
        let mut known = runs().collect::<Vec<_>>();
        known.dedup();
        if self.metric_name().is_none() {
            "choose with --metric NAME"
        } else if known.len() > 1 && runs().any(|(_, run)| run.is_some_and(|run| run > 0)) {
            "choose with --run N"
        } else {
            "name fewer sessions"
        }
    }

    fn title(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for line in &self.lines {
            if !names.contains(&line.session.name.as_str()) {
                names.push(&line.session.name);
            }
        }
        names.join(", ")
    }
}

fn is_name_of_one(sessions: &[EntrenarSession], name: &str) -> bool {
    sessions
        .iter()
        .filter(|session| session.name == name)
        .count()
        == 1
}
