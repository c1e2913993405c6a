//! `users.line`: an operator pauses or resumes delivery.

use contracts::{ControlLine, LineControl, ServiceError};

use super::Context;
use crate::writer::{Answer, Deadline, Work};

pub(super) async fn control_line(
    context: Context,
    control: ControlLine,
    deadline: Deadline,
) -> Result<LineControl, ServiceError> {
    match context.writer.ask(Work::Line(control), Some(deadline)).await? {
        Answer::Line(line) => {
            tracing::info!(wish = ?control.wish, paused = line.paused, "an operator asked about the line");
            Ok(line)
        }
        other => Err(super::mismatch(&other)),
    }
}
