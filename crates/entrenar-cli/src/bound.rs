//! Conditions on metrics, as they are written on the command line.

use entrenar::store::{Comparison, MetricBound};

const FORM: &str = "a condition is a metric, one of < <= > >=, and a number: 'loss<0.5'";

/// Reads `loss<0.5`. A name that has a `<` or `>` in it stands in double quotes.
///
/// What is wrong is told with the place of the character, and a hint on a line of its own.
pub(crate) fn parse(text: &str) -> Result<MetricBound, String> {
    let wrong = |at: usize, what: &str, hint: &str| {
        let before = text.get(..at).unwrap_or(text);
        let place = before.chars().count() + 1;
        Err(format!("at character {place}: {what}\nhint: {hint}"))
    };
    let (metric, behind) = match quoted(text) {
        Some((name, behind)) => (name, skip_spaces(text, behind)),
        None => match text.find(['<', '>']) {
            Some(at) => (text.get(..at).unwrap_or_default().trim(), at),
            None => {
                let at = text.find(['=', '!', '≤', '≥', '≠']).unwrap_or(text.len());
                return wrong(at, "there is no < <= > >=", FORM);
            }
        },
    };
    if metric.is_empty() {
        return wrong(0, "there is no metric", FORM);
    }
    if metric.ends_with(['=', '!']) && quoted(text).is_none() {
        return wrong(behind.saturating_sub(1), "there is no < <= > >=", FORM);
    }
    let rest = text.get(behind..).unwrap_or_default();
    let operators = [
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];
    let found = operators
        .into_iter()
        .find(|(operator, _)| rest.starts_with(operator));
    let Some((operator, comparison)) = found else {
        return wrong(behind, "there is no < <= > >=", FORM);
    };
    let at = skip_spaces(text, behind + operator.len());
    let number = text.get(at..).unwrap_or_default().trim_end();
    match number.parse::<f64>() {
        Ok(value) if !value.is_nan() => Ok(MetricBound {
            metric: metric.to_owned(),
            comparison,
            value,
        }),
        Ok(_) => wrong(at, "nothing compares with NaN", FORM),
        Err(_) if number.is_empty() => wrong(at, "there is no number", FORM),
        Err(_) if number.starts_with(['<', '>', '=']) => {
            wrong(at, &format!("{number:?} is no number"), FORM)
        }
        Err(_) if number.contains(['<', '>']) => wrong(
            at,
            &format!("{number:?} is no number"),
            "for a second condition, repeat --where; a name with < or > stands in double quotes",
        ),
        Err(_) => wrong(at, &format!("{number:?} is no number"), FORM),
    }
}

/// The name in double quotes that the text begins with, and where what follows it begins.
fn quoted(text: &str) -> Option<(&str, usize)> {
    let begin = skip_spaces(text, 0) + 1;
    let inner = text.trim_start().strip_prefix('"')?;
    let length = inner.find('"')?;
    Some((inner.get(..length)?, begin + length + 1))
}

/// The place of the next character that is no space, from `at` on.
fn skip_spaces(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.len() - rest.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_have_a_metric_a_comparison_and_a_number() {
        let read = |text| parse(text).map(|b| (b.metric, b.comparison, b.value)).ok();
        let loss = |comparison, value| Some(("loss".to_owned(), comparison, value));
        assert_eq!(read("loss<0.5"), loss(Comparison::Less, 0.5));
        assert_eq!(read("loss <= 1e-3"), loss(Comparison::AtMost, 1e-3));
        assert_eq!(read(" loss>-1 "), loss(Comparison::Greater, -1.0));
        assert_eq!(read("loss>=inf"), loss(Comparison::AtLeast, f64::INFINITY));
        assert_eq!(read(" \"loss\" >= 2"), loss(Comparison::AtLeast, 2.0));
        assert_eq!(read("\"a<b\">2").map(|b| b.0), Some("a<b".to_owned()));
        assert_eq!(read("acc@k=5>2").map(|b| b.0), Some("acc@k=5".to_owned()));
    }

    #[test]
    fn what_is_no_bound_is_told_with_its_place() {
        for (text, message) in [
            ("loss", "at character 5: there is no < <= > >="),
            ("loss=1", "at character 5: there is no < <= > >="),
            ("学習≤1", "at character 3: there is no < <= > >="),
            ("<1", "at character 1: there is no metric"),
            ("\"\"<1", "at character 1: there is no metric"),
            ("\"a\" 1", "at character 5: there is no < <= > >="),
            ("loss< ", "at character 7: there is no number"),
            ("loss<x", "at character 6: \"x\" is no number"),
            ("loss<nan", "at character 6: nothing compares with NaN"),
            ("loss << 3", "at character 7: \"< 3\" is no number"),
            ("loss=<3", "at character 5: there is no < <= > >="),
            (
                "accuracy>0.9 and loss<0.1",
                "at character 10: \"0.9 and loss<0.1\" is no number",
            ),
        ] {
            let error = parse(text).map(|bound| bound.metric).unwrap_err();
            assert_eq!(error.lines().next(), Some(message), "{text}");
            let repeat = error.contains("repeat --where");
            assert_eq!(repeat, text.contains(" and "), "{error}");
        }
    }
}
