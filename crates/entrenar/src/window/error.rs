use super::MAX_PIXELS;

/// A window that cannot be answered.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WindowError {
    /// No column, or more than [`MAX_PIXELS`].
    #[error("a window has 1 to {MAX_PIXELS} pixels, not {pixels}")]
    Pixels {
        /// What was asked for.
        pixels: u32,
    },
    /// A bound is NaN or an infinity.
    #[error("the bounds of a window are finite numbers, not {from} and {to}")]
    NotFinite {
        /// The first abscissa.
        from: f64,
        /// The last abscissa.
        to: f64,
    },
    /// The window ends before it begins.
    #[error("the window ends before it begins: from {from} to {to}")]
    Reversed {
        /// The first abscissa.
        from: f64,
        /// The last abscissa.
        to: f64,
    },
}
