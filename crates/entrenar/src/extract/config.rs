//! Settings that a cell's source assigns (`lr = 0.01`, `let batch_size = 32;`) or gives to the
//! call that trains (`model.fit(x, epochs=5)`).
//!
//! Only simple ones: a known name and one literal (number, string, truth value, nothing); an
//! assignment stands alone on a line that is not indented.

use std::collections::BTreeMap;
use std::ops::Range;

use super::source;

/// Names that are settings of a training, in lower case and in order.
const NAMES: &[&str] = &[
    "activation",
    "alpha",
    "batch",
    "batch_size",
    "batchsize",
    "beta",
    "beta1",
    "beta2",
    "block_size",
    "bs",
    "clip",
    "colsample_bytree",
    "dataset_name",
    "depth",
    "dropout",
    "dropout_rate",
    "early_stopping_rounds",
    "embed_dim",
    "embedding_dim",
    "epochs",
    "epsilon",
    "gamma",
    "grad_clip",
    "gradient_accumulation_steps",
    "hidden_dim",
    "hidden_size",
    "hidden_units",
    "iterations",
    "l2_leaf_reg",
    "label_smoothing",
    "latent_dim",
    "learning_rate",
    "lora_alpha",
    "lora_dropout",
    "lora_r",
    "lora_rank",
    "lr",
    "max_depth",
    "max_epochs",
    "max_grad_norm",
    "max_iter",
    "max_iters",
    "max_len",
    "max_length",
    "max_seq_length",
    "max_steps",
    "min_child_weight",
    "min_lr",
    "model_checkpoint",
    "model_name",
    "model_name_or_path",
    "momentum",
    "n_embd",
    "n_epochs",
    "n_estimators",
    "n_head",
    "n_heads",
    "n_layer",
    "n_layers",
    "num_boost_round",
    "num_epochs",
    "num_heads",
    "num_iterations",
    "num_layers",
    "num_leaves",
    "num_rounds",
    "num_steps",
    "num_train_epochs",
    "optimizer",
    "patience",
    "random_seed",
    "random_state",
    "rank",
    "reg_alpha",
    "reg_lambda",
    "scheduler",
    "seed",
    "seq_len",
    "sequence_length",
    "steps",
    "subsample",
    "temperature",
    "test_batch_size",
    "train_batch_size",
    "val_batch_size",
    "vocab_size",
    "warmup_epochs",
    "warmup_ratio",
    "warmup_steps",
    "wd",
    "weight_decay",
];

/// Longest string that is taken as a setting.
const MAX_STRING: usize = 200;

/// Takes the settings that `source` assigns into `config`; returns the names that it assigns
/// more than once, with different values.
pub(super) fn read(source: &str, config: &mut BTreeMap<String, String>) -> Vec<String> {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut ambiguous = Vec::new();
    let mut in_string = false;
    let has_strings = source.contains("\"\"\"") || source.contains("'''");
    for line in source.lines() {
        let marks = if has_strings {
            line.matches("\"\"\"").count() + line.matches("'''").count()
        } else {
            0
        };
        if in_string || marks > 0 {
            in_string ^= marks % 2 == 1;
            continue;
        }
        let Some((name, value)) = assignment(line) else {
            continue;
        };
        let before = seen.insert(name.to_owned(), value.clone());
        if before.is_some_and(|before| before != value) {
            ambiguous.push(name.to_owned());
        }
    }
    config.extend(seen);
    ambiguous
}

fn is_setting(name: &str) -> bool {
    let order = |known: &&str| {
        known
            .bytes()
            .cmp(name.bytes().map(|b| b.to_ascii_lowercase()))
    };
    NAMES.binary_search_by(order).is_ok()
}

/// What the calls that train are given.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// For each name, one literal, or something that is not known.
    pub(super) settings: BTreeMap<String, Option<String>>,
    /// A method of an object trains.
    pub(super) by_method: bool,
}

/// The settings that the calls of `source` which train give as arguments with a name:
/// `model.fit(x, epochs=5)`, `Trainer(max_epochs=3)`, `xgb.train(params, num_boost_round=9)`.
/// What several calls give differently is not known, nor is what is no literal, except that
/// `lr=lr` gives nothing new.
pub(super) fn given(source: &str) -> Given {
    let plain = source::without_text(source);
    let mut given = Given::default();
    let bytes = plain.as_bytes();
    let mut calls: Vec<bool> = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'(' => {
                let (trains, method) = trains(plain.get(..at).unwrap_or_default());
                given.by_method |= trains && method;
                calls.push(trains);
            }
            b'[' | b'{' => calls.push(false),
            b')' | b']' | b'}' => {
                calls.pop();
            }
            b'=' if calls.last() == Some(&true) => {
                let Some((name, value)) = argument(&plain, at) else {
                    continue;
                };
                let text = source.get(value).unwrap_or_default().trim();
                if text == name {
                    continue;
                }
                let value = literal(text);
                given
                    .settings
                    .entry(name.to_owned())
                    .and_modify(|known| {
                        if *known != value {
                            *known = None;
                        }
                    })
                    .or_insert(value);
            }
            _ => {}
        }
    }
    given
}

/// Whether `before` ends with the name of a call that trains, and whether that is a method.
fn trains(before: &str) -> (bool, bool) {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let start = before.rfind(|c| !is_name(c)).map_or(0, |at| {
        at + before
            .get(at..)
            .and_then(|c| c.chars().next())
            .map_or(1, char::len_utf8)
    });
    let name = before.get(start..).unwrap_or_default().to_ascii_lowercase();
    let head = before.get(..start).unwrap_or_default();
    let defined = ["def ", "fn ", "fun ", "function ", "class "]
        .iter()
        .any(|word| head.ends_with(word));
    let begins = ["fit", "train", "fine_tune", "finetune"]
        .iter()
        .any(|verb| name.starts_with(verb));
    let data = ["split", "data", "load", "transform", "set"]
        .iter()
        .any(|word| name.contains(word));
    let trains = !defined && (begins && !data || name == "learn");
    (trains, head.ends_with('.'))
}

/// The argument with a known name whose `=` is at `equals`, and where its value is.
fn argument(plain: &str, equals: usize) -> Option<(&str, Range<usize>)> {
    let behind = plain.get(equals + 1..)?;
    if behind.starts_with('=') {
        return None;
    }
    let head = plain.get(..equals)?.trim_end();
    let start = head.rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))? + 1;
    let name = head.get(start..).filter(|name| is_setting(name))?;
    if !head.get(..start)?.trim_end().ends_with(['(', ',']) {
        return None;
    }
    let mut depth = 0_usize;
    let end = behind.bytes().position(|byte| match byte {
        b'(' | b'[' | b'{' => {
            depth += 1;
            false
        }
        b')' | b']' | b'}' if depth > 0 => {
            depth -= 1;
            false
        }
        b',' => depth == 0,
        b')' | b']' | b'}' => true,
        _ => false,
    });
    Some((name, equals + 1..equals + 1 + end.unwrap_or(behind.len())))
}

/// Reads `name = literal`, also with `let`, a type, `<-`, a semicolon or a comment.
fn assignment(line: &str) -> Option<(&str, String)> {
    if !line.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let line = ["let mut ", "let ", "const ", "var ", "val "]
        .iter()
        .find_map(|word| line.strip_prefix(word))
        .unwrap_or(line);
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    let (name, rest) = line.split_at_checked(end)?;
    if !is_setting(name) {
        return None;
    }
    let mut rest = rest.trim_start();
    if let Some(typed) = rest.strip_prefix(':') {
        let kind = typed.trim_start();
        let end = kind.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
        rest = kind.get(end..)?.trim_start();
    }
    let value = rest.strip_prefix('=').or_else(|| rest.strip_prefix("<-"))?;
    literal(value.trim()).map(|value| (name, value))
}

/// One literal and nothing behind it but a semicolon and a comment.
fn literal(text: &str) -> Option<String> {
    let mark = text.chars().next()?;
    if matches!(mark, '"' | '\'') {
        let inside = text.get(1..)?;
        let end = inside.find(mark)?;
        let value = inside.get(..end)?;
        let plain = !value.contains('\\') && value.len() <= MAX_STRING;
        return (plain && ends(inside.get(end + 1..)?)).then(|| value.to_owned());
    }
    let end = text
        .find(|c: char| c.is_whitespace() || matches!(c, ';' | '#'))
        .unwrap_or(text.len());
    let (value, rest) = text.split_at_checked(end)?;
    let word = matches!(value, "True" | "False" | "true" | "false" | "None" | "nil");
    let number = value.replace('_', "").parse::<f64>().is_ok()
        && value.contains(|c: char| c.is_ascii_digit());
    ((word || number) && ends(rest)).then(|| value.to_owned())
}

fn ends(rest: &str) -> bool {
    let rest = rest.trim_start().trim_start_matches(';').trim_start();
    rest.is_empty() || rest.starts_with('#') || rest.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(source: &str) -> Vec<(String, String)> {
        let mut config = BTreeMap::new();
        read(source, &mut config);
        config.into_iter().collect()
    }

    #[test]
    fn names_are_in_order() {
        assert!(NAMES.is_sorted());
    }

    #[test]
    fn reads_literals_of_known_names_at_the_top_level() {
        let source = "lr = 1e-3  # small\nBATCH_SIZE=64\nlet mut epochs = 3;\nlet rank: i32 = 8;\n\
                      optimizer = 'adam'\nmomentum <- 0.9\nx = 5\n    dropout = 0.5\nseed = None";
        let found = config(source);
        let pairs: Vec<_> = found
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(
            pairs,
            [
                ("BATCH_SIZE", "64"),
                ("epochs", "3"),
                ("lr", "1e-3"),
                ("momentum", "0.9"),
                ("optimizer", "adam"),
                ("rank", "8"),
                ("seed", "None"),
            ]
        );
    }

    #[test]
    fn reads_the_arguments_of_calls_that_train() {
        let source = "history = cnn.fit(\n    x, lr=0.001, # epochs=9\n    epochs = 5, \
                      optimizer='adam', callbacks=[Stop(patience=3)], momentum=m, seed=seed)\n\
                      print(lr=0.5)\nplot(alpha=0.5)\ntrain_test_split(x, random_state=42)\n\
                      def fit(x, depth=3): pass\n";
        let found: Vec<_> = given(source).settings.into_iter().collect();
        let known = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
        assert_eq!(
            found,
            [
                known("epochs", Some("5")),
                known("lr", Some("0.001")),
                known("momentum", None),
                known("optimizer", Some("adam")),
            ]
        );
        let twice = given("a.fit(x, lr=0.1, epochs=2)\nb.fit(x, lr=0.2, epochs=2)");
        assert_eq!(
            twice.settings.into_iter().collect::<Vec<_>>(),
            [known("epochs", Some("2")), known("lr", None)]
        );
        assert_eq!(given("fit(lr=").settings.len(), 1);
    }

    #[test]
    fn leaves_everything_else() {
        for source in [
            "lr = base_lr * 2",
            "lr == 0.1",
            "lr, wd = 0.1, 0.2",
            "optimizer = Adam(lr=0.1)",
            "batch_size = 3 * 4",
            "\"\"\"\nlr = 0.1\n\"\"\"",
            "lr = 0.1, 0.2",
            "epochs: int",
            "lr = nan",
        ] {
            assert_eq!(config(source), [], "{source}");
        }
    }
}
