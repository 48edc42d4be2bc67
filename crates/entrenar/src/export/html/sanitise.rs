//! Foreign HTML, reduced to what cannot do anything: text, tables, lists, checked images.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::Builder;

use super::image;

const TAGS: [&str; 60] = [
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
];

/// HTML that nests deeper than this is not parsed: that costs quadratic time.
const DEEPEST: usize = 200;

static BUILDER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    let attributes: HashMap<&str, HashSet<&str>> = [
        ("td", &["colspan", "rowspan", "align"][..]),
        ("th", &["colspan", "rowspan", "align", "scope"]),
        ("col", &["span"]),
        ("colgroup", &["span"]),
        ("ol", &["start", "reversed"]),
        ("img", &["src", "alt", "width", "height"]),
    ]
    .into_iter()
    .map(|(tag, names)| (tag, names.iter().copied().collect()))
    .collect();
    builder
        .tags(TAGS.into_iter().collect())
        .clean_content_tags(
            [
                "script", "style", "noscript", "template", "iframe", "object", "svg", "math",
                "select", "textarea", "title", "head",
            ]
            .into_iter()
            .collect(),
        )
        .tag_attributes(attributes)
        .url_schemes(HashSet::from(["data"]))
        .attribute_filter(|tag, attribute, value| match (tag, attribute) {
            ("img", "src") => image::checked(value).map(Cow::Owned),
            ("img", "alt") => Some(Cow::Borrowed(value)),
            (_, "align" | "scope") => value
                .bytes()
                .all(|byte| byte.is_ascii_alphabetic())
                .then_some(Cow::Borrowed(value)),
            // Spans and sizes; a number of columns that no table has would hang a browser.
            _ => (value.len() <= 4 && value.bytes().all(|byte| byte.is_ascii_digit()))
                .then_some(Cow::Borrowed(value)),
        });
    builder
});

/// The harmless part of `html`; `None` where nothing is left that a person could see, or where
/// it is too much to be parsed.
pub(super) fn html(html: &str) -> Option<String> {
    if nests_deeper_than(DEEPEST, html) {
        return None;
    }
    let clean = BUILDER.clean(&html.replace(is_hidden, "")).to_string();
    let clean = clean.trim();
    let visible = clean.contains("<img src=\"data:") || has_text(clean);
    visible.then(|| clean.to_owned())
}

/// Control characters, and overrides of the writing direction.
fn is_hidden(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Whether more elements than `limit` are open at once. Those that HTML closes by itself do not
/// count.
fn nests_deeper_than(limit: usize, html: &str) -> bool {
    const SELF_CLOSING: [&str; 16] = [
        "p", "li", "td", "th", "tr", "dt", "dd", "br", "hr", "img", "col", "input", "meta", "link",
        "wbr", "option",
    ];
    let mut depth = 0_usize;
    for tag in html.split('<').skip(1) {
        let closing = tag.strip_prefix('/');
        let name = closing.unwrap_or(tag);
        let end = name
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(name.len());
        let name = name.get(..end).unwrap_or_default();
        if name.is_empty()
            || SELF_CLOSING
                .iter()
                .any(|one| name.eq_ignore_ascii_case(one))
        {
            continue;
        }
        if closing.is_some() {
            depth = depth.saturating_sub(1);
        } else {
            depth += 1;
            if depth > limit {
                return true;
            }
        }
    }
    false
}

fn has_text(html: &str) -> bool {
    html.split('<')
        .enumerate()
        .map(|(index, part)| match (index, part.split_once('>')) {
            (0, _) => part,
            (_, Some((_, text))) => text,
            (_, None) => "",
        })
        .any(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_stay_and_everything_that_acts_goes() {
        let frame = "<style>td{color:red}</style><table border=\"1\" class=\"dataframe\" \
                     onclick=\"x()\"><tr><th scope=\"row\">a</th><td colspan=2 style=\"x\">1</td>\
                     </tr></table><script>alert(1)</script>";
        assert_eq!(
            html(frame).unwrap(),
            "<table><tbody><tr><th scope=\"row\">a</th><td colspan=\"2\">1</td></tr></tbody></table>"
        );
    }

    #[test]
    fn images_must_be_embedded() {
        assert_eq!(html("<img src=\"http://evil/x.png\" onerror=\"x\">"), None);
        let kept = html("<img src=\"data:image/gif;base64,R0lGODlhAQAB\" alt=\"a\">").unwrap();
        assert!(kept.contains("src=\"data:image/gif;base64,R0lGODlhAQAB\""));
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert_eq!(html(&format!("{}x", "<div>".repeat(5000))), None);
        assert!(html(&"<tr><td>1<p>".repeat(5000)).is_some());
        assert!(html(&"<div><b>1</b></div>".repeat(5000)).is_some());
    }

    #[test]
    fn nothing_visible_is_nothing() {
        assert_eq!(html("<div id=\"plot\"></div><script>draw()</script>"), None);
        assert_eq!(html("<iframe src=\"x\"></iframe>"), None);
    }
}
