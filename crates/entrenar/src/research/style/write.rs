//! Formatted citations as text, HTML and Markdown. The processor's own HTML escapes nothing.

use hayagriva::citationberg::{
    Display, FontStyle, FontVariant, FontWeight, TextDecoration, VerticalAlign,
};
use hayagriva::{ElemChild, ElemChildren, Formatted, Formatting};

use super::TextFormat;

/// An entry: its label, where the style sets it apart, and the rest.
type Entry = (Option<ElemChildren>, ElemChildren);

/// Punctuation that meets where an element is empty, and what it should be.
const MET: [(&str, &str); 3] = [(",)", ")"), (",.", "."), (" ;", ";")];

/// `own` is what the works themselves say: punctuation that stands there stays.
pub(super) fn entries(entries: &[Entry], own: &str, format: TextFormat) -> String {
    let mut out = String::new();
    if format == TextFormat::Html {
        out.push_str("<div class=\"csl-bib-body\">\n");
    }
    for (label, content) in entries {
        let mut line = String::new();
        if let Some(label) = label {
            children(label, format, &mut line);
            trim_end(&mut line);
            line.push(' ');
        }
        children(content, format, &mut line);
        // Affixes that meet leave two spaces.
        let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
        let mut line = super::case::restored(&words.join(" "));
        for (met, meant) in MET {
            if !own.contains(met) {
                line = line.replace(met, meant);
            }
        }
        match format {
            TextFormat::Html => {
                out.push_str("<div class=\"csl-entry\">");
                out.push_str(&line);
                out.push_str("</div>\n");
            }
            TextFormat::Plain => {
                out.push_str(&line);
                out.push('\n');
            }
            TextFormat::Markdown => {
                if !out.is_empty() {
                    out.push('\n');
                }
                out.push_str(&line);
                out.push('\n');
            }
        }
    }
    if format == TextFormat::Html {
        out.push_str("</div>\n");
    }
    out
}

fn trim_end(text: &mut String) {
    text.truncate(text.trim_end().len());
}

fn children(children: &ElemChildren, format: TextFormat, out: &mut String) {
    for child in &children.0 {
        match child {
            ElemChild::Text(text) => formatted(text, format, out),
            ElemChild::Markup(text) => escaped(text, format, out),
            ElemChild::Elem(elem) => {
                // A label at the margin and the text beside it, or a line of its own.
                if elem.display.is_some() && !out.is_empty() {
                    trim_end(out);
                    out.push(' ');
                }
                self::children(&elem.children, format, out);
                if matches!(elem.display, Some(Display::LeftMargin | Display::Block)) {
                    trim_end(out);
                    out.push(' ');
                }
            }
            ElemChild::Link { text, url } => link(text, url, format, out),
            ElemChild::Transparent { .. } => {}
        }
    }
}

fn link(text: &Formatted, url: &str, format: TextFormat, out: &mut String) {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    match format {
        TextFormat::Html if is_web => {
            out.push_str("<a href=\"");
            escaped(url, format, out);
            out.push_str("\">");
            formatted(text, format, out);
            out.push_str("</a>");
        }
        TextFormat::Markdown if is_web && text.text == url && is_plain_address(url) => {
            out.push('<');
            out.push_str(url);
            out.push('>');
        }
        _ => formatted(text, format, out),
    }
}

/// Whether an address can stand in `<…>`.
fn is_plain_address(url: &str) -> bool {
    url.bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"<>\\".contains(&byte))
}

fn formatted(text: &Formatted, format: TextFormat, out: &mut String) {
    let looks = &text.formatting;
    match format {
        TextFormat::Plain => out.push_str(&text.text),
        TextFormat::Html => {
            let tags = html_tags(looks);
            for (open, _) in &tags {
                out.push_str(open);
            }
            escaped(&text.text, format, out);
            for (_, close) in tags.iter().rev() {
                out.push_str(close);
            }
        }
        TextFormat::Markdown => {
            let mut marks = String::new();
            if looks.font_weight == FontWeight::Bold {
                marks.push_str("**");
            }
            if looks.font_style == FontStyle::Italic {
                marks.push('*');
            }
            // Markers touch what they mark: white space goes outside.
            let inner = text.text.trim();
            if marks.is_empty() || inner.is_empty() {
                return escaped(&text.text, format, out);
            }
            let start = text.text.len() - text.text.trim_start().len();
            out.push_str(text.text.get(..start).unwrap_or_default());
            out.push_str(&marks);
            escaped(inner, format, out);
            out.extend(marks.chars().rev());
            out.push_str(text.text.get(start + inner.len()..).unwrap_or_default());
        }
    }
}

fn html_tags(looks: &Formatting) -> Vec<(&'static str, &'static str)> {
    let mut tags = Vec::new();
    if looks.font_style == FontStyle::Italic {
        tags.push(("<i>", "</i>"));
    }
    if looks.font_weight == FontWeight::Bold {
        tags.push(("<b>", "</b>"));
    }
    if looks.font_variant == FontVariant::SmallCaps {
        tags.push(("<span style=\"font-variant:small-caps\">", "</span>"));
    }
    if looks.text_decoration == TextDecoration::Underline {
        tags.push(("<span style=\"text-decoration:underline\">", "</span>"));
    }
    match looks.vertical_align {
        VerticalAlign::Sub => tags.push(("<sub>", "</sub>")),
        VerticalAlign::Sup => tags.push(("<sup>", "</sup>")),
        _ => {}
    }
    tags
}

fn escaped(text: &str, format: TextFormat, out: &mut String) {
    for c in text.chars() {
        match (format, c) {
            (TextFormat::Plain, c) => out.push(c),
            (TextFormat::Html, '&') => out.push_str("&amp;"),
            (TextFormat::Html, '<') => out.push_str("&lt;"),
            (TextFormat::Html, '>') => out.push_str("&gt;"),
            (TextFormat::Html, '"') => out.push_str("&quot;"),
            (TextFormat::Html, '\'') => out.push_str("&#39;"),
            (
                TextFormat::Markdown,
                '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '&' | '|' | '~',
            ) => {
                out.push('\\');
                out.push(c);
            }
            (TextFormat::Html | TextFormat::Markdown, c) => out.push(c),
        }
    }
}
