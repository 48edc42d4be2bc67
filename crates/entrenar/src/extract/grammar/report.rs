//! Lines of evaluation reports that hold one value under a name that is no key: the COCO
//! evaluation (`Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.412`)
//! and the accuracy in scikit-learn's classification report.

use std::ops::Range;

use super::super::number;

/// A line of a report.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::extract) struct Entry {
    /// The name, with one blank where the line has several.
    pub(in crate::extract) name: String,
    /// The value; none where the report says with -1 that there is none.
    pub(in crate::extract) value: Option<f64>,
    /// Bytes of the line that hold the value.
    pub(in crate::extract) span: Range<usize>,
}

/// Reads a line of a report.
pub(in crate::extract) fn read(line: &str) -> Option<Entry> {
    let text = line.trim_start();
    match text.as_bytes().first()? {
        b'A' => coco(line, text),
        b'a' => classification(line, text),
        _ => None,
    }
}

/// pycocotools' `COCOeval.summarize`.
fn coco(line: &str, text: &str) -> Option<Entry> {
    if !(text.starts_with("Average Precision ") || text.starts_with("Average Recall ")) {
        return None;
    }
    let close = text.find("@[").and_then(|open| {
        let close = text.get(open..)?.find(']')?;
        Some(open + close + 1)
    })?;
    let value = text.get(close..)?.trim_start().strip_prefix('=')?.trim();
    let number = number::read(value, 0).filter(|number| number.end == value.len())?;
    let mut name = String::new();
    for word in text.get(..close)?.split_whitespace() {
        if !(name.is_empty() || name.ends_with('=')) {
            name.push(' ');
        }
        name.push_str(word);
    }
    let at = value.as_ptr().addr() - line.as_ptr().addr();
    Some(Entry {
        name,
        value: (number.value >= 0.0).then_some(number.value),
        span: at..at + number.end,
    })
}

/// `    accuracy                           0.97       180`
fn classification(line: &str, text: &str) -> Option<Entry> {
    let rest = text.strip_prefix("accuracy   ")?;
    let mut cells = rest.split_whitespace();
    let (value, support) = (cells.next()?, cells.next()?);
    let number = number::read(value, 0).filter(|number| number.end == value.len())?;
    let whole = support.bytes().all(|b| b.is_ascii_digit());
    if number.integer || !whole || cells.next().is_some() {
        return None;
    }
    let at = value.as_ptr().addr() - line.as_ptr().addr();
    Some(Entry {
        name: "accuracy".to_owned(),
        value: Some(number.value),
        span: at..at + number.end,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_coco_evaluation() {
        let line =
            " Average Recall     (AR) @[ IoU=0.50:0.95 | area= small | maxDets= 10 ] = 0.212";
        let entry = read(line).unwrap();
        assert_eq!(
            entry.name,
            "Average Recall (AR) @[ IoU=0.50:0.95 | area=small | maxDets=10 ]"
        );
        assert_eq!(line.get(entry.span), Some("0.212"));
        assert_eq!(entry.value, Some(0.212));
        let none = read(&line.replace("0.212", "-1.000")).unwrap();
        assert_eq!(none.value, None);
    }

    #[test]
    fn the_accuracy_of_a_classification_report() {
        let entry = read("    accuracy                           0.97       180").unwrap();
        assert_eq!((entry.name.as_str(), entry.value), ("accuracy", Some(0.97)));
        for other in [
            "accuracy    0.91      0.02  0.88  0.93",
            "accuracy 0.97 180",
            "accuracy   97 180",
            "Average Precision 0.5",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
