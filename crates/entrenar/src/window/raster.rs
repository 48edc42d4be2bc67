//! Draws lines as an aliased line of one pixel, for tests: what all points look like, and what
//! the points of a window do.

use proptest::prelude::*;

use super::{MAX_PARTS, Window, WindowAxis, WindowQuery};
use crate::session::{Point, Series, SeriesKey};

/// A picture, and where abscissas and values are in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Raster {
    width: i64,
    height: i64,
    pixels: Vec<bool>,
}

/// What is to be drawn, and how high.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    pub(crate) axis: WindowAxis,
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) pixels: u32,
    pub(crate) height: u8,
    /// Only these values are drawn.
    pub(crate) values: (f64, f64),
}

impl View {
    pub(crate) fn query(&self) -> WindowQuery {
        WindowQuery::new(self.axis, self.from, self.to, self.pixels)
            .unwrap()
            .values(self.values.0, self.values.1)
    }

    /// The column of an abscissa; far away for one outside.
    #[expect(clippy::cast_possible_truncation, reason = "far is far")]
    fn column(&self, x: f64) -> i64 {
        let width = i64::from(self.pixels);
        let half = |x: f64| x / 2.0 - self.from / 2.0;
        let share = if (self.to - self.from).is_finite() {
            (x - self.from) / (self.to - self.from)
        } else {
            half(x) / half(self.to)
        };
        let place = (share * f64::from(self.pixels)).floor();
        if x < self.from {
            return place.clamp(-1e12, -1.0) as i64;
        }
        if x > self.to {
            return place.clamp(f64::from(self.pixels), 1e12) as i64;
        }
        (place as i64).min(width - 1)
    }

    #[expect(clippy::cast_possible_truncation, reason = "a share of the height")]
    fn row(&self, value: f64, range: (f64, f64)) -> i64 {
        let half = |value: f64| value / 2.0 - range.0 / 2.0;
        let share = if range.0 >= range.1 {
            0.5
        } else if (range.1 - range.0).is_finite() {
            (value - range.0) / (range.1 - range.0)
        } else {
            half(value) / half(range.1)
        };
        (share * f64::from(self.height - 1)).round() as i64
    }

    fn draws(&self, value: f64) -> bool {
        value >= self.values.0 && value <= self.values.1
    }

    fn range(&self, series: &Series) -> (f64, f64) {
        let drawn = || series.values().iter().copied().filter(|v| self.draws(*v));
        let least = drawn().reduce(f64::min).unwrap_or(0.0);
        (least, drawn().reduce(f64::max).unwrap_or(0.0))
    }

    /// The picture of all points of a series.
    pub(crate) fn of_all(&self, series: &Series) -> Raster {
        let range = self.range(series);
        let mut raster = Raster::new(self);
        let points: Vec<(f64, f64)> = (0..)
            .zip(series.points())
            .filter_map(|(index, point)| Some((self.axis.of(&point, index)?, point.value)))
            .collect();
        let mut parts: Vec<Vec<(f64, f64)>> = points
            .chunk_by(|a, b| a.0 <= b.0)
            .map(<[_]>::to_vec)
            .collect();
        if parts.len() > MAX_PARTS {
            let mut sorted = parts.concat();
            sorted.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap());
            parts = vec![sorted];
        }
        for part in parts {
            let mut last: Option<(i64, i64)> = None;
            let mut gap = false;
            for (x, value) in part {
                if !self.draws(value) {
                    gap = true;
                    continue;
                }
                let at = (self.column(x), self.row(value, range));
                match last {
                    Some(last) if !gap || last.0 == at.0 => raster.line(last, at),
                    _ => raster.line(at, at),
                }
                last = Some(at);
                gap = false;
            }
        }
        raster
    }

    /// The picture of an answer for `series`.
    pub(crate) fn of_window(&self, series: &Series, window: &Window) -> Raster {
        let range = self.range(series);
        let mut raster = Raster::new(self);
        for line in &window.lines {
            let mut last = None;
            for point in line {
                let at = (self.column(point.x), self.row(point.value, range));
                raster.line(last.unwrap_or(at), at);
                last = Some(at);
            }
        }
        raster
    }

    /// Whether the answer is made of points of the series, and few of them.
    pub(crate) fn check(&self, series: &Series, window: &Window) -> Result<(), TestCaseError> {
        for point in window.lines.iter().flatten() {
            let index = usize::try_from(point.index).unwrap();
            let original = series.point(index).unwrap();
            prop_assert_eq!(point.value.to_bits(), original.value.to_bits());
            let x = self.axis.of(&original, point.index).unwrap();
            prop_assert_eq!(point.x.to_bits(), x.to_bits());
        }
        let parts = if window.is_sorted { 1 } else { window.parts };
        let most = parts * (4 * u64::from(self.pixels) + 2);
        prop_assert!(window.lines.iter().map(Vec::len).sum::<usize>() as u64 <= most);
        let all = (0..).zip(series.points());
        let placed = all.filter(|(index, point)| self.axis.of(point, *index).is_some());
        let (mut count, mut not_drawn) = (0, 0);
        for (_, point) in placed {
            count += 1;
            not_drawn += u64::from(!self.draws(point.value));
        }
        prop_assert_eq!(window.left_out, series.len() as u64 - count);
        prop_assert_eq!(window.not_drawn, not_drawn);
        Ok(())
    }
}

impl Raster {
    fn new(view: &View) -> Self {
        let (width, height) = (i64::from(view.pixels), i64::from(view.height));
        Self {
            width,
            height,
            pixels: vec![false; usize::try_from(width * height).unwrap()],
        }
    }

    fn set(&mut self, x: i64, y: i64) {
        if (0..self.width).contains(&x) && (0..self.height).contains(&y) {
            self.pixels[usize::try_from(y * self.width + x).unwrap()] = true;
        }
    }

    /// The pixels of Bresenham's line that are in the picture.
    fn line(&mut self, (x0, y0): (i64, i64), (x1, y1): (i64, i64)) {
        let (dx, dy) = (i128::from(x1 - x0), i128::from(y1 - y0));
        let along = |run: i128, rise: i128, length: i128| -> i64 {
            // Rounded to the nearest, halves up.
            let twice = 2 * run * rise + length;
            i64::try_from(twice.div_euclid(2 * length)).unwrap()
        };
        if dx == 0 && dy == 0 {
            self.set(x0, y0);
        } else if dx.abs() >= dy.abs() {
            let (low, high) = (x0.min(x1).max(0), x0.max(x1).min(self.width - 1));
            for x in low..=high {
                self.set(
                    x,
                    y0 + along(i128::from(x - x0) * dx.signum(), dy, dx.abs()),
                );
            }
        } else {
            let (low, high) = (y0.min(y1).max(0), y0.max(y1).min(self.height - 1));
            for y in low..=high {
                self.set(
                    x0 + along(i128::from(y - y0) * dy.signum(), dx, dy.abs()),
                    y,
                );
            }
        }
    }

    pub(crate) fn text(&self) -> String {
        let width = usize::try_from(self.width).unwrap();
        let mut text = String::new();
        for row in self.pixels.chunks(width).rev() {
            text.extend(row.iter().map(|set| if *set { '#' } else { '.' }));
            text.push('\n');
        }
        text
    }
}

/// Values of every kind: with gaps, few and many.
fn values(count: usize) -> impl Strategy<Value = Vec<f64>> {
    let small = || (0..9_u8).prop_map(f64::from);
    let odd = prop_oneof![
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        Just(1e300),
        Just(-1e300),
        Just(f64::MAX),
        Just(5e-324),
        any::<f64>(),
    ];
    let gaps = prop_oneof![1 => Just(f64::NAN), 4 => -1e3..1e3_f64];
    let of = |value: BoxedStrategy<f64>| proptest::collection::vec(value, count).boxed();
    prop_oneof![
        of(small().boxed()),
        of(gaps.boxed()),
        of(prop_oneof![9 => small(), 1 => odd].boxed()),
        of((0.0..1e-310_f64).boxed()),
        // Long stretches of nothing.
        (
            proptest::collection::vec(0..60_usize, 1..9),
            of(small().boxed())
        )
            .prop_map(|(lengths, mut values)| {
                let mut row = 0;
                for (number, length) in lengths.iter().cycle().enumerate() {
                    let end = row + length + 1;
                    for value in values.iter_mut().take(end).skip(row) {
                        if number % 2 == 0 {
                            *value = f64::NAN;
                        }
                    }
                    row = end;
                    if row >= values.len() {
                        break;
                    }
                }
                values
            }),
    ]
}

/// Numbers of every order: even, rising, equal, going back now and then or always, huge.
fn numbers(count: usize) -> impl Strategy<Value = Vec<i64>> {
    let of = |number: BoxedStrategy<i64>| proptest::collection::vec(number, count).boxed();
    let sums = |numbers: Vec<i64>| {
        let sums = numbers.into_iter().scan(0_i64, |sum, number| {
            *sum = sum.saturating_add(number);
            Some(*sum)
        });
        sums.collect::<Vec<_>>()
    };
    prop_oneof![
        (-3..4_i64, -9..9_i64).prop_map(move |(stride, first)| {
            (0..).map(|n: i64| first + n * stride).take(count).collect()
        }),
        of((0..3_i64).boxed()).prop_map(sums),
        of(prop_oneof![40 => 0..4_i64, 1 => -60..0_i64].boxed()).prop_map(sums),
        of(prop_oneof![5 => 0..4_i64, 1 => -9..0_i64].boxed()).prop_map(sums),
        (2..40_i64).prop_map(move |length| (0..).map(|n: i64| n % length).take(count).collect()),
        of((0..20_i64).boxed()),
        of(any::<i64>().boxed()),
        of(any::<i64>().boxed()).prop_map(|mut numbers| {
            numbers.sort_unstable();
            numbers
        }),
        of(prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0), Just(i64::MAX - 1)].boxed()),
    ]
}

/// A series of up to `most` points, and what of it is looked at.
pub(crate) fn drawing(most: usize) -> impl Strategy<Value = (Series, View)> {
    let axis = prop_oneof![
        4 => Just(WindowAxis::Step),
        2 => Just(WindowAxis::Time),
        1 => Just(WindowAxis::Epoch),
        1 => Just(WindowAxis::Arrival),
    ];
    let bounds = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        0..8_u8,
    );
    let height = 1..30_u8;
    let pixels = prop_oneof![1 => Just(1_u32), 6 => 2..40_u32, 1 => 200..400_u32];
    let some_absent = proptest::bool::weighted(0.15);
    let positive = proptest::bool::weighted(0.15);
    (0..most, some_absent)
        .prop_flat_map(|(count, absent)| {
            let holes = proptest::collection::vec(proptest::bool::weighted(0.1), count);
            (values(count), numbers(count), holes, Just(absent))
        })
        .prop_flat_map(move |columns| {
            let view = (axis.clone(), bounds.clone(), pixels.clone(), height.clone());
            (Just(columns), view, positive)
        })
        .prop_map(
            |((values, numbers, holes, absent), (axis, bounds, pixels, height), positive)| {
                let mut series = Series::new(SeriesKey::named("loss"));
                for ((value, number), hole) in values.into_iter().zip(numbers).zip(holes) {
                    let has = !(absent && hole);
                    series.push(Point {
                        value,
                        step: has.then_some(number),
                        time_us: has.then_some(number),
                        epoch: has.then(|| super::number(number) / 8.0),
                        origin: None,
                    });
                }
                let (from, to) = window_of(&series, axis, bounds);
                let low = if positive {
                    f64::MIN_POSITIVE
                } else {
                    f64::MIN
                };
                let view = View {
                    axis,
                    from,
                    to,
                    pixels,
                    height,
                    values: (low, f64::MAX),
                };
                (series, view)
            },
        )
}

fn window_of(
    series: &Series,
    axis: WindowAxis,
    (a, b, how): (prop::sample::Index, prop::sample::Index, u8),
) -> (f64, f64) {
    let mut places: Vec<f64> = (0..)
        .zip(series.points())
        .filter_map(|(index, point)| axis.of(&point, index))
        .collect();
    places.sort_by(f64::total_cmp);
    let (Some(least), Some(most)) = (places.first(), places.last()) else {
        return (-1.0, 1.0);
    };
    let (one, other) = (*a.get(&places), *b.get(&places));
    match how {
        0..3 => (*least, *most),
        3 => (one, one),
        4 => (most + 1.0, most + 5.0),
        5 => (least - 7.5, one + 0.25),
        _ => (one.min(other), one.max(other)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(256), ..ProptestConfig::default() })]

    #[test]
    fn a_window_looks_like_all_points((series, view) in drawing(500)) {
        let window = Window::of(&series, &view.query());
        view.check(&series, &window)?;
        let (all, few) = (view.of_all(&series), view.of_window(&series, &window));
        prop_assert!(all == few, "{}\n{}\n{:?}", all.text(), few.text(), window);
    }
}

/// `default`, or what `ENTRENAR_CASES` says.
pub(crate) fn cases(default: u32) -> u32 {
    let set = std::env::var("ENTRENAR_CASES").ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn a_line_enters_and_leaves_the_window() {
    let mut series = Series::new(SeriesKey::named("loss"));
    for step in [0, 100] {
        series.push(Point {
            value: super::number(step),
            step: Some(step),
            ..Point::default()
        });
    }
    let query = WindowQuery::new(WindowAxis::Step, 40.0, 60.0, 4).unwrap();
    let window = Window::of(&series, &query);
    let xs: Vec<Vec<f64>> = window
        .lines
        .iter()
        .map(|line| line.iter().map(|point| point.x).collect())
        .collect();
    assert_eq!(xs, [[0.0, 100.0]]);
    let query = WindowQuery::new(WindowAxis::Step, 101.0, 160.0, 4).unwrap();
    assert_eq!(Window::of(&series, &query).lines, Vec::<Vec<_>>::new());
}

#[test]
fn a_window_that_there_is_not_is_refused() {
    use super::{MAX_PIXELS, WindowError};
    let new = |from, to, pixels| WindowQuery::new(WindowAxis::Step, from, to, pixels).err();
    assert_eq!(new(0.0, 1.0, 0), Some(WindowError::Pixels { pixels: 0 }));
    let pixels = MAX_PIXELS + 1;
    assert_eq!(new(0.0, 1.0, pixels), Some(WindowError::Pixels { pixels }));
    for (from, to) in [(f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        assert!(matches!(
            new(from, to, 1),
            Some(WindowError::NotFinite { .. })
        ));
    }
    assert!(matches!(
        new(1.0, 0.5, 1),
        Some(WindowError::Reversed { .. })
    ));
    assert_eq!(new(1.0, 1.0, 1), None);
}
