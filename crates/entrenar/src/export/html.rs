//! A session as one web page: no network, no script, nothing outside the file.
//!
//! What foreign text could do to a page is excluded three times: text is escaped; HTML and
//! Markdown of outputs pass an allow-list (no script, style, handler or address); and the
//! page's Content-Security-Policy permits its own style sheet and `data:` images only.
//!
//! The page is bounded (see [`MAX_PAGE_BYTES`]): very long outputs are cut with a visible note,
//! the rest stays in the notebook and in the source document.

mod ansi;
mod budget;
mod cells;
mod format;
mod image;
mod markdown;
mod metrics;
mod outputs;
mod sanitise;
mod summary;

use crate::research::ResearchArtifact;
use crate::session::EntrenarSession;

use super::escape::markup;
use super::svg;
use crate::base64;

use budget::Budget;

/// About the largest page in bytes: outputs, code and text take at most this together, and
/// charts and tables of metrics at most a few MB more.
pub const MAX_PAGE_BYTES: usize = 32 << 20;

const STYLE: &str = include_str!("html/page.css");

/// The page of `session`, under the title and names of `artifact`.
pub fn page(session: &EntrenarSession, artifact: &ResearchArtifact) -> String {
    let style = format!("{STYLE}{}", svg::STYLE);
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; \
         form-action 'none'",
        base64::encode(crate::session::Sha256Hash::of(style.as_bytes()).as_bytes())
    );
    let mut budget = Budget::new(MAX_PAGE_BYTES);
    let mut page = String::new();
    page.push_str("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.push_str(&format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n"
    ));
    page.push_str(
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"generator\" content=\"entrenar\">\n",
    );
    page.push_str(&format!(
        "<title>{}</title>\n<style>{style}</style>\n</head>\n<body>\n",
        markup(&format::one_line(&artifact.title))
    ));
    summary::header(&mut page, session, artifact);
    page.push_str("<main>\n");
    summary::figures(&mut page, session);
    summary::facts(&mut page, session, artifact);
    summary::runs(&mut page, session);
    metrics::section(&mut page, session);
    cells::section(&mut page, session, &mut budget);
    summary::warnings(&mut page, session);
    page.push_str("</main>\n");
    summary::footer(&mut page, session, artifact);
    page.push_str("</body>\n</html>\n");
    page
}
