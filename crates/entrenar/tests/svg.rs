//! Charts as SVG.

use entrenar::export::chart::{ChartOptions, ChartSeries};
use entrenar::export::svg::chart;

fn series(label: &str, values: &[f64]) -> ChartSeries {
    ChartSeries {
        label: label.into(),
        points: (0_u32..)
            .map(f64::from)
            .zip(values.iter().copied())
            .collect(),
        ..ChartSeries::default()
    }
}

fn options(title: &str) -> ChartOptions {
    ChartOptions {
        title: title.into(),
        x_label: "step".into(),
        y_label: "loss".into(),
        ..ChartOptions::default()
    }
}

/// A falling curve with deterministic noise.
fn training(points: u32, offset: f64) -> Vec<f64> {
    (0..points)
        .map(|step| {
            let x = f64::from(step) / f64::from(points);
            let noise = f64::from(step.wrapping_mul(2_654_435_761) >> 16) / 65_536.0 - 0.5;
            offset + 2.3 * (-4.0 * x).exp() + 0.25 * noise
        })
        .collect()
}

#[test]
fn a_small_chart() {
    insta::assert_snapshot!(chart(
        &[
            series("train", &[2.3, 1.4, f64::NAN, 0.9, 0.8]),
            series("val", &[2.4, 1.6, 1.2, 1.1, 1.15]),
        ],
        &options("loss of <run> \"1\" & more")
    ));
}

#[test]
fn hostile_names_stay_text() {
    let name = "</title><script>alert(1)</script>\u{1b}[31m\0'\" onload=x";
    let svg = chart(
        &[series(name, &[1.0, 2.0]), series("b", &[1.0])],
        &options(name),
    );
    assert!(!svg.contains("<script") && !svg.contains('\u{1b}') && !svg.contains('\0'));
    assert_eq!(svg.matches("<svg").count(), 1);
}

#[test]
fn the_same_series_gives_the_same_bytes() {
    let lines = [
        series("a", &training(5000, 0.1)),
        series("b", &training(50, 0.4)),
    ];
    assert_eq!(chart(&lines, &options("x")), chart(&lines, &options("x")));
}

#[test]
fn a_million_points_make_a_small_picture_with_every_extreme() {
    let mut values = training(1_000_000, 0.1);
    values[654_321] = 50.0;
    let svg = chart(&[series("loss", &values)], &options("loss"));
    assert!(svg.len() < 60_000, "{}", svg.len());
    assert!(svg.contains("largest 50"));
    // The spike reaches the top of the plot, 5 % below its end.
    let top = svg
        .split(['M', 'L'])
        .filter_map(|pair| {
            pair.split_whitespace()
                .nth(1)?
                .split('"')
                .next()?
                .parse::<f64>()
                .ok()
        })
        .fold(f64::INFINITY, f64::min);
    assert!((64.0..68.0).contains(&(top - 0.0)), "{top}");
}

#[test]
fn values_that_cannot_be_drawn_are_counted() {
    let log = ChartOptions {
        log_y: true,
        ..options("loss")
    };
    let svg = chart(
        &[series("loss", &[0.0, -1.0, f64::INFINITY, 0.5, 0.05])],
        &log,
    );
    assert!(svg.contains("3 values not drawn: not finite or not positive"));
    let svg = chart(&[series("loss", &[f64::NAN])], &options(""));
    assert!(svg.contains("no values that can be drawn") && svg.contains("1 value not drawn"));
    assert!(!svg.contains("=\"NaN") && !svg.contains("inf\""));
}

/// Writes the charts of these tests where `ENTRENAR_CHARTS` says, to be looked at.
#[test]
fn charts_to_look_at() {
    let Some(folder) = std::env::var_os("ENTRENAR_CHARTS").map(std::path::PathBuf::from) else {
        return;
    };
    let smooth = ChartOptions {
        smoothing: Some(0.9),
        ..options("Smoothed training loss")
    };
    let log = ChartOptions {
        log_y: true,
        ..options("Loss on a logarithmic axis")
    };
    let many: Vec<_> = (0..24_u32)
        .map(|i| {
            series(
                &format!("run {i}: lr={}", 0.001 * f64::from(i)),
                &training(40, f64::from(i) / 5.0),
            )
        })
        .collect();
    let charts = [
        chart(
            &[
                series("train", &[2.3, 1.4, f64::NAN, 0.9, 0.8]),
                series("val", &[2.4, 1.6, 1.2, 1.1, 1.15]),
            ],
            &options("Loss"),
        ),
        chart(
            &[
                series("loss", &training(20_000, 0.1)),
                series("val", &training(300, 0.4)),
            ],
            &smooth,
        ),
        chart(&[series("loss", &[2.0, 0.3, 0.0, 0.01, 3e-4, 2e-5])], &log),
        chart(&many, &options("Many runs")),
        chart(
            &[series("lr", &[1e-4; 12])],
            &ChartOptions {
                y_label: "lr".into(),
                ..options("Learning rate")
            },
        ),
    ];
    for (index, svg) in charts.iter().enumerate() {
        entrenar::files::write_atomic(&folder.join(format!("chart{index}.svg")), svg.as_bytes())
            .unwrap();
    }
}
