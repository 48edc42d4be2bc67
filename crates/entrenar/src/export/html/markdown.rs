//! Markdown cells and outputs: CommonMark with tables, then the allow-list of foreign HTML.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};
use serde_json::{Map, Value};

use crate::session::output::multiline;

use super::{image, sanitise};

/// Renders Markdown; `None` where nothing visible is left. Addresses of links stand as text,
/// images come from `attachments` only, formulas stay as they were written.
pub(super) fn render(text: &str, attachments: &Map<String, Value>) -> Option<String> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH;
    let mut links: Vec<(CowStr<'_>, usize)> = Vec::new();
    let mut seen = String::new();
    let events = Parser::new_ext(text, options).flat_map(|event| {
        if let Event::Text(text) | Event::Code(text) = &event
            && !links.is_empty()
        {
            seen.push_str(text);
        }
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => {
                links.push((dest_url, seen.len()));
                Vec::new()
            }
            Event::End(TagEnd::Link) => match links.pop() {
                Some((address, from)) if is_worth_showing(&address, seen.get(from..)) => {
                    vec![Event::Text(format!(" ({address})").into())]
                }
                _ => Vec::new(),
            },
            Event::Start(Tag::Image {
                link_type,
                dest_url,
                title,
                id,
            }) => {
                let dest_url = attached(&dest_url, attachments).map_or(dest_url, CowStr::from);
                vec![Event::Start(Tag::Image {
                    link_type,
                    dest_url,
                    title,
                    id,
                })]
            }
            Event::InlineMath(formula) => vec![Event::Code(format!("${formula}$").into())],
            Event::DisplayMath(formula) => vec![Event::Code(format!("$${formula}$$").into())],
            Event::TaskListMarker(done) => {
                vec![Event::Text(if done { "☑ " } else { "☐ " }.into())]
            }
            other => vec![other],
        }
    });
    let mut rendered = String::new();
    html::push_html(&mut rendered, events);
    sanitise::html(&rendered)
}

/// Whether a link's address tells something that its text does not.
fn is_worth_showing(address: &str, text: Option<&str>) -> bool {
    (address.starts_with("https://") || address.starts_with("http://"))
        && text.is_none_or(|text| !text.contains(address))
}

/// The image that `attachment:NAME` names.
fn attached(address: &str, attachments: &Map<String, Value>) -> Option<String> {
    let name = address.strip_prefix("attachment:")?;
    let decoded = name.replace("%20", " ");
    let bundle = attachments
        .get(name)
        .or_else(|| attachments.get(&decoded))?;
    bundle
        .as_object()?
        .iter()
        .find_map(|(media_type, data)| image::data_url(media_type, &multiline(data)?).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rendered(text: &str) -> String {
        render(text, &Map::new()).unwrap_or_default()
    }

    #[test]
    fn links_become_text_and_formulas_stay() {
        assert_eq!(
            rendered("# A *b*\n\nSee [the paper](https://a.example/x) and $a_1 b_2$."),
            "<h1>A <em>b</em></h1>\n<p>See the paper (https://a.example/x) and \
             <code>$a_1 b_2$</code>.</p>"
        );
    }

    #[test]
    fn markdown_cannot_act() {
        let text = "[a](javascript:alert(1)) ![b](https://evil/x.png) <a href='//evil'>c</a>\n\n\
                    <script>x</script>\n\n<img src=x onerror=y>";
        assert_eq!(rendered(text), "<p>a <img alt=\"b\"> c</p>\n\n<img>");
    }

    #[test]
    fn attached_images_are_embedded() {
        let attachments = json!({"a.gif": {"image/gif": "R0lGODlhAQAB"}});
        let html = render("![x](attachment:a.gif)", attachments.as_object().unwrap()).unwrap();
        assert!(html.contains("<img src=\"data:image/gif;base64,R0lGODlhAQAB\" alt=\"x\""));
    }
}
