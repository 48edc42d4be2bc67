//! What the words of a printed name say about its number.
//!
//! A name is split into words at every character that is neither a letter nor a digit, between
//! a lower-case and an upper-case letter (`HammingLoss`), and before a number at the end of a
//! word (`mAP50`). One word of the vocabulary makes the whole name a metric
//! (`val_custom_auc_top5`), and one denied word makes it none (`loss_weight`).

use std::collections::HashMap;
use std::sync::LazyLock;

/// What kind of number a name announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A metric, whatever else is on the line.
    Metric,
    /// A metric if its number is not a mere whole number outside a log line.
    WeakMetric,
    /// A learning rate: a metric only beside another one.
    LearningRate,
    /// Not known; repetition in log lines may show that it is a metric.
    Unknown,
    /// Time, memory, throughput, sizes, hyper-parameters, identifiers.
    Denied,
}

/// Words that make a name a metric.
const METRIC: &[&str] = &[
    "acc",
    "accuracies",
    "accuracy",
    "ap",
    "auc",
    "aucpr",
    "auprc",
    "auroc",
    "bce",
    "bleu",
    "bpc",
    "bpd",
    "brier",
    "ce",
    "cer",
    "chrf",
    "crossentropy",
    "deviance",
    "dice",
    "eer",
    "elbo",
    "em",
    "err",
    "f1",
    "fid",
    "fnr",
    "fpr",
    "fscore",
    "gini",
    "gradnorm",
    "hinge",
    "huber",
    "iou",
    "jaccard",
    "kappa",
    "kl",
    "kld",
    "likelihood",
    "logloss",
    "logprob",
    "loss",
    "losses",
    "lpips",
    "mae",
    "map",
    "mape",
    "mcc",
    "merror",
    "meteor",
    "miou",
    "mrr",
    "mse",
    "msle",
    "ndcg",
    "nll",
    "perplexity",
    "ppl",
    "pplx",
    "psnr",
    "r2",
    "rew",
    "reward",
    "rewards",
    "rmse",
    "rmsle",
    "roc",
    "rouge",
    "rougel",
    "rougelsum",
    "sensitivity",
    "silhouette",
    "smape",
    "spearman",
    "specificity",
    "ssim",
    "tpr",
    "wer",
    "xent",
    "accu",
];

/// Words that make a name a metric, and that also have other uses.
const WEAK: &[&str] = &[
    "correlation",
    "cost",
    "costs",
    "energy",
    "entropy",
    "error",
    "fitness",
    "objective",
    "pearson",
    "precision",
    "recall",
    "return",
    "score",
    "scores",
    "success",
    "advantage",
];

/// Words that make a name something else than a metric.
const DENIED: &[&str] = &[
    "time",
    "times",
    "eta",
    "runtime",
    "elapsed",
    "duration",
    "remaining",
    "second",
    "seconds",
    "sec",
    "secs",
    "ms",
    "dur",
    "date",
    "clock",
    "latency",
    "speed",
    "throughput",
    "fps",
    "ips",
    "persecond",
    "tflops",
    "flops",
    "mfu",
    "memory",
    "mem",
    "ram",
    "vram",
    "gpu",
    "cpu",
    "size",
    "sizes",
    "bytes",
    "mb",
    "gb",
    "version",
    "port",
    "pid",
    "seed",
    "id",
    "num",
    "number",
    "numbers",
    "count",
    "counts",
    "nnzs",
    "params",
    "parameters",
    "param",
    "weight",
    "weighting",
    "coef",
    "coeff",
    "coefficient",
    "alpha",
    "beta",
    "lambda",
    "gamma",
    "threshold",
    "thresh",
    "patience",
    "delta",
    "tol",
    "tolerance",
    "decay",
    "momentum",
    "dropout",
    "interval",
    "every",
    "freq",
    "frequency",
    "steps",
    "epochs",
    "iters",
    "iterations",
    "workers",
    "layers",
    "dim",
    "dims",
    "hidden",
    "smoothing",
    "regularization",
    "penalty",
    "scale",
    "eps",
    "function",
    "fn",
    "type",
    "name",
    "instances",
    "samples",
    "examples",
    "shape",
    "length",
    "warmup",
    "budget",
    "args",
    "cache",
    "divisor",
    "bins",
];

const IN_METRIC: u8 = 1;
const IN_WEAK: u8 = 2;
const IN_DENIED: u8 = 4;

/// For each word, the lists that have it.
static VOCABULARY: LazyLock<HashMap<&str, u8>> = LazyLock::new(|| {
    let lists = [(METRIC, IN_METRIC), (WEAK, IN_WEAK), (DENIED, IN_DENIED)];
    let mut vocabulary = HashMap::new();
    for (list, mark) in lists {
        for word in list {
            *vocabulary.entry(*word).or_default() |= mark;
        }
    }
    vocabulary
});

/// Words for the part of the data that a metric was measured on.
const SPLITS: &[&str] = &[
    "train",
    "training",
    "trn",
    "val",
    "valid",
    "validation",
    "dev",
    "test",
    "testing",
    "tst",
    "eval",
    "evaluation",
    "evaluating",
];

/// What a counter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counter {
    /// Passes over the data.
    Epoch,
    /// Steps, iterations, rounds, episodes.
    Step,
    /// Batches inside an epoch: a step where nothing else is one.
    Batch,
}

/// Calls `each` with the words of `name`, in lower case, without numbers at their ends.
fn words(name: &str, mut each: impl FnMut(&str, &str)) {
    let mut word = String::new();
    let mut flush = |word: &mut String| {
        if !word.is_empty() {
            each(word, word.trim_end_matches(|c: char| c.is_ascii_digit()));
            word.clear();
        }
    };
    let mut lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || lower && c.is_uppercase() {
            flush(&mut word);
        }
        if c.is_alphanumeric() {
            lower = c.is_lowercase();
            if c.is_ascii() {
                word.push(c.to_ascii_lowercase());
            } else {
                word.extend(c.to_lowercase());
            }
        }
    }
    flush(&mut word);
}

/// What `name` announces.
pub(super) fn meaning(name: &str) -> Meaning {
    let (mut metric, mut weak, mut denied, mut learning, mut lr, mut grad, mut norm) =
        (false, false, false, false, false, false, false);
    let mut last_is_norm = false;
    let (mut batch, mut cost, mut most, mut scored) = (false, false, false, false);
    words(name, |word, stem| {
        let whole = VOCABULARY.get(word).copied().unwrap_or_default();
        let kinds = if stem.len() == word.len() {
            whole
        } else {
            whole | VOCABULARY.get(stem).copied().unwrap_or_default()
        };
        metric |= kinds & IN_METRIC != 0
            || word.ends_with("loss")
            || word.ends_with("accuracy")
            || word.ends_with("rmse")
            || (stem == "top" && stem != word);
        weak |= kinds & IN_WEAK != 0 || (word.ends_with("error") && word.len() > 5);
        denied |= whole & IN_DENIED != 0;
        batch |= matches!(word, "batch" | "data" | "reader");
        cost |= word == "cost";
        // "episode_reward_max", but not "max_grad_norm"
        most |= word == "max";
        scored |= matches!(word, "reward" | "return" | "accuracy" | "acc");
        learning |= word == "learning";
        lr |= word == "lr" || (word == "rate" && learning) || word == "learningrate";
        grad |= word == "grad" || word == "gradient";
        norm |= word == "norm";
        // LightGBM's l1 and l2 are metrics where the name ends with them.
        last_is_norm = matches!(word, "l1" | "l2");
    });
    // Paddle's `batch_cost` and `reader_cost` are times, as MXNet's `Time cost` is.
    denied |= batch && cost || most && !scored;
    denied |= is_source_file(name);
    // mAP is two words to the splitter.
    metric |= name.contains("mAP") || name.contains("mIoU");
    metric |= grad && norm;
    if denied {
        Meaning::Denied
    } else if metric {
        Meaning::Metric
    } else if lr {
        Meaning::LearningRate
    } else if weak || last_is_norm {
        Meaning::WeakMetric
    } else {
        Meaning::Unknown
    }
}

/// Whether `name` ends in a source file's: the place in the code that a log line begins with.
fn is_source_file(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|e| matches!(e, "py" | "cc" | "cpp" | "cu" | "h" | "rs" | "jl" | "go"))
}

/// The counter that `name` is, if it is one: `epoch`, `Train Epoch`, `global_step`, but not
/// `best epoch` or `steps per epoch`.
pub(super) fn counter(name: &str) -> Option<Counter> {
    let mut found = None;
    let words = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        match counter_word(word) {
            Some(counter) => found = Some(counter),
            None if index < 4 && (is_split(word) || is_filler(word)) => {}
            None => return None,
        }
    }
    found
}

fn counter_word(word: &str) -> Option<Counter> {
    let is = |known: &str| word.eq_ignore_ascii_case(known);
    match word.as_bytes().first()?.to_ascii_lowercase() {
        b'e' if is("epoch") => Some(Counter::Epoch),
        b'b' if is("batch") => Some(Counter::Batch),
        b'm' if is("minibatch") => Some(Counter::Batch),
        b's' if is("step") => Some(Counter::Step),
        b'i' if is("iter") || is("iteration") || is("itr") => Some(Counter::Step),
        b'r' if is("round") => Some(Counter::Step),
        b'e' if is("episode") => Some(Counter::Step),
        b'u' if is("update") => Some(Counter::Step),
        b't' if is("timestep") => Some(Counter::Step),
        _ => None,
    }
}

/// Words that may stand beside a counter without changing what it counts.
fn is_filler(word: &str) -> bool {
    ["at", "on", "global", "current", "after", "end", "of"]
        .iter()
        .any(|filler| filler.eq_ignore_ascii_case(word))
}

/// Whether `name` names a part of the data, such as `train` in `train epoch`.
pub(super) fn split(name: &str) -> Option<&str> {
    name.split(|c: char| !c.is_alphanumeric())
        .find(|word| is_split(word))
}

/// A name that says where it was measured: `loss at step 100`, `accuracy after epoch 3`, and
/// `1 train loss` with `first` in the line. Returns the name without it, the counter and its value.
pub(super) fn placed(name: &str, first: bool) -> Option<(&str, Counter, f64)> {
    if !name.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |word: &str| {
        let digits =
            !word.is_empty() && word.len() <= 9 && word.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| word.parse::<f64>().ok()).flatten()
    };
    let (before, last) = name.rsplit_once(' ')?;
    if let Some(value) = number(last) {
        let (before, word) = before.trim_end().rsplit_once(' ')?;
        let counter = counter(word)?;
        let (name, preposition) = before.trim_end().rsplit_once(' ')?;
        let places = ["at", "after", "for", "in", "on", "@"];
        let name = name.trim_end();
        return (places.contains(&preposition) && !name.is_empty())
            .then_some((name, counter, value));
    }
    let (head, rest) = name.split_once(' ')?;
    let rest = rest.trim_start();
    let begins = is_split(rest.split([' ', '_']).next()?);
    match number(head) {
        Some(value) if first && begins => Some((rest, Counter::Step, value)),
        _ => None,
    }
}

/// Whether `word` is a word for a part of the data.
pub(super) fn is_split(word: &str) -> bool {
    SPLITS.iter().any(|split| split.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_makes_a_metric() {
        for name in [
            "loss",
            "Train Loss",
            "val_custom_auc_top5",
            "group_auc",
            "ndcg@2",
            "mean_mrr",
            "HammingLoss",
            "MeanAccuracyPerClass",
            "metrics/mAP50-95(B)",
            "Acc@1",
            "eval_rougeLsum",
            "train-mlogloss",
            "validation_0-rmse",
            "grad_norm",
            "Val. PPL",
            "test CER",
            "mIoU",
            "episode_reward_max",
            "loss_box_reg",
        ] {
            assert_eq!(meaning(name), Meaning::Metric, "{name}");
        }
        for name in [
            "Validation score",
            "error_rate",
            "valid_0's l2",
            "Precision",
        ] {
            assert_eq!(meaning(name), Meaning::WeakMetric, "{name}");
        }
    }

    #[test]
    fn one_denied_word_makes_none() {
        for name in [
            "loss_weight",
            "eval_runtime",
            "eval_samples_per_second",
            "time cost",
            "GPU_mem",
            "total time",
            "batch_size",
            "max_reward_threshold",
            "num_losses",
            "weight_decay",
            "max_grad_norm",
            "batch_cost",
            "140 loss.py",
        ] {
            assert_eq!(meaning(name), Meaning::Denied, "{name}");
        }
        assert_eq!(meaning("learning_rate"), Meaning::LearningRate);
        assert_eq!(meaning("lr"), Meaning::LearningRate);
        for name in ["C", "trn", "Norm", "class"] {
            assert_eq!(meaning(name), Meaning::Unknown, "{name}");
        }
    }

    #[test]
    fn a_name_may_say_where_it_was_measured() {
        for (name, first, expected) in [
            (
                "loss at step 100",
                false,
                Some(("loss", Counter::Step, 100.0)),
            ),
            (
                "val acc after epoch 3",
                false,
                Some(("val acc", Counter::Epoch, 3.0)),
            ),
            (
                "1 train loss",
                true,
                Some(("train loss", Counter::Step, 1.0)),
            ),
            ("1 train loss", false, None),
            ("5 fold accuracy", true, None),
            ("accuracy at 5", false, None),
            ("loss step 5", false, None),
            ("top 5", false, None),
        ] {
            assert_eq!(placed(name, first), expected, "{name}");
        }
    }

    #[test]
    fn counters_are_exact() {
        for (name, kind) in [
            ("Epoch", Counter::Epoch),
            ("Train Epoch", Counter::Epoch),
            ("eval valid at epoch", Counter::Epoch),
            ("global_step", Counter::Step),
            ("Iteration", Counter::Step),
            ("After epoch", Counter::Epoch),
            ("end of epoch", Counter::Epoch),
            ("Batch", Counter::Batch),
        ] {
            assert_eq!(counter(name), Some(kind), "{name}");
        }
        for name in [
            "best epoch",
            "epochs",
            "num_steps",
            "steps per epoch",
            "batch_size",
            "loss",
        ] {
            assert_eq!(counter(name), None, "{name}");
        }
    }
}
