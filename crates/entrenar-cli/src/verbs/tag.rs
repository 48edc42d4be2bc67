use std::ffi::OsString;

use entrenar::store::Store as _;

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::term::Line;

/// Add and remove tags of a session
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar tag 3f2a91 +lora +paper -draft
  entrenar tag 3f2a91 --add 'rank 64' --remove -h")]
pub(crate) struct Args {
    /// The session's id or the beginning of it
    id: String,
    /// `+TAG` adds, `-TAG` removes
    #[arg(value_name = "±TAG")]
    changes: Vec<String>,
    /// Add this tag (repeatable)
    #[arg(long, value_name = "TAG", allow_hyphen_values = true)]
    add: Vec<String>,
    /// Remove this tag (repeatable)
    #[arg(long, value_name = "TAG", allow_hyphen_values = true)]
    remove: Vec<String>,
}

/// Rewrites `-TAG` behind the verb `tag` as `--remove=TAG`: to clap it is a row of options.
///
/// `-h`, what stands behind `--`, and the value of an option stay as they are.
pub(crate) fn spell_out(args: Vec<OsString>) -> Vec<OsString> {
    let takes_value = |arg: &str| ["--add", "--remove", "--store", "--color"].contains(&arg);
    let (mut in_verb, mut seen_verb, mut is_value, mut ended) = (false, false, false, false);
    let mut spell = |(place, arg): (usize, OsString)| {
        let Some(text) = arg.to_str() else {
            is_value = false;
            return arg;
        };
        if place == 0 || is_value || ended {
            is_value = false;
            return arg;
        }
        is_value = takes_value(text);
        ended = text == "--";
        if !text.starts_with('-') && !seen_verb {
            seen_verb = true;
            in_verb = text == "tag";
        }
        match text.strip_prefix('-') {
            Some(tag) if in_verb && !tag.is_empty() && !tag.starts_with('-') && tag != "h" => {
                format!("--remove={tag}").into()
            }
            _ => arg,
        }
    };
    args.into_iter().enumerate().map(&mut spell).collect()
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let (mut add, mut remove) = (Vec::new(), self.remove);
        for change in self.changes {
            if let Some(tag) = change.strip_prefix('+') {
                add.push(tag.to_owned());
            } else if let Some(tag) = change.strip_prefix('-') {
                remove.push(tag.to_owned());
            } else {
                return Err(Failure::usage(format!("{change}: neither +TAG nor -TAG"))
                    .hint(format!("`+{change}` adds it, `-{change}` removes it")));
            }
        }
        add.extend(self.add);
        if add.is_empty() && remove.is_empty() {
            return Err(Failure::usage("no tag is given").hint("`+TAG` adds, `-TAG` removes"));
        }
        if add.iter().chain(&remove).any(|tag| tag.trim().is_empty()) {
            return Err(Failure::usage("a tag cannot be empty"));
        }
        let (mut store, id) = app.find_to_write(&self.id)?;
        store.tag(&id, &add, &remove)?;
        let tags = store.session(&id)?.tags;
        app.out.line(&if tags.is_empty() {
            Line::new().dim("no tags")
        } else {
            Line::new().dim("tags ").plain(tags.join(", "))
        })?;
        Ok(Exit::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_tag_behind_the_verb_is_spelled_out() {
        let spelled = |line: &str| -> Vec<String> {
            let args = line.split(' ').map(OsString::from).collect();
            let spelled = spell_out(args).into_iter();
            spelled.map(|arg| arg.into_string().unwrap()).collect()
        };
        for (line, expected) in [
            ("e tag id +a -b --add -c", "e tag id +a --remove=b --add -c"),
            ("e --store tag tag id -b", "e --store tag tag id --remove=b"),
            ("e tag id -b --store -x", "e tag id --remove=b --store -x"),
            ("e tag -h", "e tag -h"),
            ("e tag -- -id -b", "e tag -- -id -b"),
            ("e rm -y tag", "e rm -y tag"),
        ] {
            assert_eq!(spelled(line).join(" "), expected);
        }
    }
}
