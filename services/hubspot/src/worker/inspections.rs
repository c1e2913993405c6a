//! Brings questions for contacts to the engine, and the answers back.

use std::{collections::BTreeMap, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use crate::engine::{Input, InspectedContacts, Inspection, InspectionError, InspectionId};

/// Questions that wait to be taken; the engine takes them at once.
const AHEAD: usize = 8;

type Answered = Result<InspectedContacts, InspectionError>;

struct Question {
    inspection: Inspection,
    even_paused: bool,
    /// When it is not worth sending any more.
    until: Instant,
    answer: oneshot::Sender<Answered>,
}

/// Asks for contacts. Clones ask the same worker.
#[derive(Clone)]
pub(super) struct Inspector {
    questions: mpsc::Sender<Question>,
}

impl Inspector {
    /// Waits until the contacts are read, or until it is known that they are not. Nothing is sent after that time; what
    /// was sent is waited for. While delivery is paused it waits, unless it may go even then.
    pub(super) async fn inspect(
        &self,
        inspection: Inspection,
        even_paused: bool,
        until: Instant,
    ) -> Answered {
        let (answer, answered) = oneshot::channel();
        let question = Question {
            inspection,
            even_paused,
            until,
            answer,
        };
        if self.questions.send(question).await.is_err() {
            return Err(InspectionError::ShuttingDown);
        }
        // The worker ends without an answer only where it ends altogether.
        answered.await.unwrap_or(Err(InspectionError::ShuttingDown))
    }
}

/// The questions of one worker.
pub(super) struct Inspections {
    inspector: Inspector,
    questions: mpsc::Receiver<Question>,
    drawn: u64,
    waiting: BTreeMap<InspectionId, oneshot::Sender<Answered>>,
}

impl Inspections {
    pub(super) fn new() -> Self {
        let (sender, questions) = mpsc::channel(AHEAD);
        Self {
            inspector: Inspector { questions: sender },
            questions,
            drawn: 0,
            waiting: BTreeMap::new(),
        }
    }

    pub(super) fn inspector(&self) -> Inspector {
        self.inspector.clone()
    }

    /// The next question; `running` says for how long the engine has run.
    pub(super) async fn next(&mut self, running: impl Fn() -> Duration) -> Input {
        let Some(question) = self.questions.recv().await else {
            // There is always the sender that this one keeps.
            return std::future::pending().await;
        };
        self.drawn += 1;
        let id = InspectionId(self.drawn);
        self.waiting.insert(id, question.answer);
        Input::Inspect {
            id,
            inspection: question.inspection,
            even_paused: question.even_paused,
            until: running() + question.until.saturating_duration_since(Instant::now()),
        }
    }

    pub(super) fn answer(&mut self, id: InspectionId, answered: Answered) {
        if let Some(waiting) = self.waiting.remove(&id) {
            // Whoever asked may have left.
            let _ = waiting.send(answered);
        }
    }
}
