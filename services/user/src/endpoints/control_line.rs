//! `users.line`: an operator pauses or resumes delivery.

use contracts::{ControlDelivery, DeliveryControl, ServiceError};

use super::Context;
use crate::writer::{Answer, Deadline, Work};

pub(super) async fn control_line(
    context: Context,
    control: ControlDelivery,
    deadline: Deadline,
) -> Result<DeliveryControl, ServiceError> {
    match context.writer.ask(Work::Line(control), Some(deadline)).await? {
        Answer::Line(line) => {
            tracing::info!(wish = ?control.action, paused = line.paused, "an operator asked about the line");
            Ok(line)
        }
        other => Err(super::mismatch(&other)),
    }
}
