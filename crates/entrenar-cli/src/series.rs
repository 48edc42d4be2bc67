//! Which series of a session a chart or a table shows, and under what name.

mod stored;

use entrenar::export::chart::{Abscissa, AbscissaFacts, ChartOptions, ChartSeries};
use entrenar::session::{EntrenarSession, Series, SeriesKey, names};
use entrenar::store::{StoreError, StoreView, StoredSeries, StoredSeriesInfo};

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

    fn has_run(&self, key: &SeriesKey) -> bool {
        self.runs.is_empty() || key.run.is_some_and(|run| self.runs.contains(&run))
    }
}

/// A series that may be drawn.
#[derive(Debug)]
struct Candidate<'a> {
    session: &'a EntrenarSession,
    key: SeriesKey,
    count: u64,
    points: Points<'a>,
}

/// Where the points of a series are.
#[derive(Debug)]
enum Points<'a> {
    /// In a session in memory.
    Memory(&'a Series),
    /// In memory for this drawing.
    Read(Box<Series>),
    /// In the store, which is asked for what shows.
    Stored(StoredSeries<'a>, Box<StoredSeriesInfo>),
}

/// The sessions of a view without points, cells and documents.
pub(crate) fn described(
    view: &StoreView<'_>,
    ids: &[String],
) -> Result<Vec<EntrenarSession>, StoreError> {
    let descriptions = ids.iter().map(|id| Ok(view.description(id)?.clone()));
    descriptions.collect()
}

/// The series of a session in memory.
fn in_memory(session: &EntrenarSession) -> Vec<Candidate<'_>> {
    let series = session.metrics.series().iter();
    series
        .map(|series| Candidate {
            session,
            key: series.key().clone(),
            count: u64::try_from(series.len()).unwrap_or(u64::MAX),
            points: Points::Memory(series),
        })
        .collect()
}

/// The places of those that `wanted` names; without any name, the loss, else the accuracy, else
/// the longest series, one with a loss in its name before others. Several runs and ranks are
/// several series.
fn pick(candidates: &[Candidate<'_>], wanted: Wanted<'_>) -> Vec<usize> {
    let is_wanted = |one: &Candidate<'_>| one.count > 0 && wanted.has_run(&one.key);
    let all = || {
        let all = candidates.iter().enumerate();
        all.filter(|(_, one)| is_wanted(one))
    };
    if wanted.metrics.is_empty() {
        let of = |among: fn(&[&SeriesKey]) -> Vec<usize>| -> Vec<usize> {
            let filled = candidates.iter().enumerate();
            let (places, keys): (Vec<_>, Vec<_>) = filled
                .filter(|(_, one)| one.count > 0)
                .map(|(place, one)| (place, &one.key))
                .unzip();
            let chosen = among(&keys).into_iter();
            chosen
                .filter_map(|place| places.get(place).copied())
                .filter(|place| candidates.get(*place).is_some_and(is_wanted))
                .collect()
        };
        let main = Some(of(names::loss_among))
            .filter(|series| !series.is_empty())
            .unwrap_or_else(|| of(names::accuracy_among));
        if !main.is_empty() {
            return main;
        }
        // Of equally long ones, the first that came.
        let longest = |only: &dyn Fn(&Candidate<'_>) -> bool| {
            all().filter(|(_, one)| only(one)).reduce(|best, next| {
                if next.1.count > best.1.count {
                    next
                } else {
                    best
                }
            })
        };
        let chosen = longest(&|one| names::fold(&one.key.name).contains("loss"))
            .or_else(|| longest(&|_| true));
        return chosen.map(|(place, _)| place).into_iter().collect();
    }
    wanted
        .metrics
        .iter()
        .flat_map(|name| {
            let named = |is: &dyn Fn(&str) -> bool| -> Vec<usize> {
                let named = all().filter(|(_, one)| is(&one.key.name));
                named.map(|(place, _)| place).collect()
            };
            let exact = named(&|other| other == name);
            if exact.is_empty() {
                let folded = names::fold(name);
                named(&|other| names::fold(other) == folded)
            } else {
                exact
            }
        })
        .collect()
}

/// No session has the metric that was asked for, or none in the runs that were.
fn no_such_metric(sessions: &[Vec<Candidate<'_>>], wanted: Wanted<'_>) -> Failure {
    let in_any_run = || {
        sessions.iter().flat_map(|all| {
            let places = pick(all, wanted.of_all_runs()).into_iter();
            places.filter_map(|place| all.get(place))
        })
    };
    if !wanted.runs.is_empty() && in_any_run().next().is_some() {
        let mut runs: Vec<u32> = in_any_run().filter_map(|one| one.key.run).collect();
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
    let all = sessions.iter().flatten();
    let mut known: Vec<_> = all.map(|one| one.key.name.as_str()).collect();
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
pub(crate) fn label(session: &EntrenarSession, key: &SeriesKey) -> String {
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
    /// Name, run and rank.
    pub(crate) key: SeriesKey,
    /// What the legend says.
    pub(crate) label: String,
    points: Points<'a>,
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
    /// Picks the series of sessions in memory; with several sessions, their names are in the
    /// labels.
    pub(crate) fn of(sessions: &'a [EntrenarSession], wanted: Wanted<'_>) -> Result<Self, Failure> {
        let candidates = sessions.iter().map(in_memory).collect();
        Self::among(sessions, candidates, wanted, |points| match points {
            Points::Memory(series) => Ok(AbscissaFacts::of(series)),
            Points::Read(series) => Ok(AbscissaFacts::of(series)),
            Points::Stored(stored, info) => stored::facts(stored, info),
        })
    }

    fn among(
        sessions: &'a [EntrenarSession],
        candidates: Vec<Vec<Candidate<'a>>>,
        wanted: Wanted<'_>,
        mut facts: impl FnMut(&mut Points<'a>) -> Result<AbscissaFacts, StoreError>,
    ) -> Result<Self, Failure> {
        let mut chosen = Vec::new();
        for (number, all) in candidates.iter().enumerate() {
            chosen.extend(pick(all, wanted).into_iter().map(|place| (number, place)));
        }
        if chosen.is_empty() {
            return Err(no_such_metric(&candidates, wanted));
        }
        let left_out = chosen.len().saturating_sub(MOST_CURVES);
        chosen.truncate(MOST_CURVES);
        let mut candidates: Vec<Vec<Option<Candidate<'a>>>> = candidates
            .into_iter()
            .map(|all| all.into_iter().map(Some).collect())
            .collect();
        let mut lines = Vec::new();
        let mut known = Vec::new();
        for (number, place) in chosen {
            let slot = candidates
                .get_mut(number)
                .and_then(|all| all.get_mut(place));
            // A metric that is named twice is drawn once.
            let Some(mut one) = slot.and_then(Option::take) else {
                continue;
            };
            let session = one.session;
            let own = label(session, &one.key);
            let label = match sessions {
                [_] => own,
                _ if is_name_of_one(sessions, &session.name) => {
                    format!("{} · {own}", session.name)
                }
                _ => format!("{} ({}) · {own}", session.name, session.id),
            };
            known.push(facts(&mut one.points)?);
            lines.push(DrawnLine {
                session,
                key: one.key,
                label,
                points: one.points,
                abscissa: Abscissa::Step,
            });
        }
        for (line, abscissa) in lines.iter_mut().zip(Abscissa::shared(&known)) {
            line.abscissa = abscissa;
        }
        let x_label = lines.first().map_or("", |line| line.abscissa.label());
        Ok(Self {
            lines,
            left_out,
            x_label,
        })
    }

    /// The lines as charts take them; every point of those in memory.
    pub(crate) fn series(&self) -> Vec<ChartSeries> {
        let lines = self.lines.iter();
        lines
            .map(|line| match &line.points {
                Points::Memory(series) => line.abscissa.series(series, &line.label),
                Points::Read(series) => line.abscissa.series(series, &line.label),
                Points::Stored(..) => ChartSeries {
                    label: line.label.clone(),
                    ..ChartSeries::default()
                },
            })
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
        let mut names = self.lines.iter().map(|line| line.key.name.as_str());
        let first = names.next()?;
        names.all(|name| name == first).then_some(first)
    }

    /// What draws fewer lines.
    pub(crate) fn advice(&self) -> &'static str {
        let runs = || {
            self.lines
                .iter()
                .map(|line| (&line.session.id, line.key.run))
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
