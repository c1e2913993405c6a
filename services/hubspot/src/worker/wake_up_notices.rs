//! Wake-ups that the user service sends past the stream, because the stream still holds an earlier one of the user.

use contracts::{Notice, UserChanged, WakeUpNotice};
use futures_util::StreamExt;
use runtime::nats::{Nats, from_object};
use tokio::sync::mpsc;

use crate::engine::Input;

/// Passes them on until the task is aborted. A lost one does no harm, because the user is due again at the time that its row has
/// stored.
pub(super) async fn listen(nats: Nats, inputs: mpsc::Sender<Input>) {
    let mut notices = match nats.client().subscribe(WakeUpNotice::SUBJECT).await {
        Ok(notices) => notices,
        Err(error) => {
            tracing::warn!(
                %error,
                subject = WakeUpNotice::SUBJECT,
                "cannot subscribe; changes of users whose delivery failed wait until their pauses end"
            );
            return;
        }
    };
    while let Some(message) = notices.next().await {
        match from_object(&message.payload) {
            Ok(notice) => {
                if inputs.send(wake_up(notice)).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::debug!(%error, subject = WakeUpNotice::SUBJECT, "a wake-up cannot be read");
            }
        }
    }
}

fn wake_up(WakeUpNotice(changed): WakeUpNotice) -> Input {
    let UserChanged {
        user_id, priority, ..
    } = changed;
    Input::WakeUp {
        user_id,
        priority,
        ack: None,
    }
}
