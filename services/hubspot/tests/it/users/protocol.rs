//! Requests over NATS and their answers.

use async_nats::{HeaderMap, Message};
use contracts::{ErrorCode, ServiceError, headers, subjects};
use serde::Serialize;

use super::{Manner, Users};

impl Users {
    pub(super) async fn answer(&self, message: Message) {
        let body = &message.payload;
        match message.subject.as_str() {
            subjects::USERS_LEASE => {
                let answer = self.lease(&serde_json::from_slice(body).unwrap());
                self.respond(&message, &answer).await;
            }
            subjects::USERS_CLAIM => match self.claim(&serde_json::from_slice(body).unwrap()) {
                Ok(given) => self.respond(&message, &given).await,
                Err(code) => self.refuse(&message, code).await,
            },
            subjects::USERS_REPORT => {
                let answer = self.record(serde_json::from_slice(body).unwrap());
                self.respond(&message, &answer).await;
            }
            // A worker asks so whether it may ask.
            subjects::USERS_COMPARE | subjects::USERS_REPAIR if body.is_empty() => {
                self.refuse(&message, ErrorCode::Expired).await;
            }
            subjects::USERS_COMPARE => match self.manner() {
                Manner::Well => {
                    let answer = self.to_compare(&serde_json::from_slice(body).unwrap());
                    self.respond(&message, &answer).await;
                }
                Manner::Babbling => self.respond(&message, &"hm").await,
                Manner::Silent => {}
            },
            subjects::USERS_REPAIR => {
                let answer = self.repair(serde_json::from_slice(body).unwrap());
                self.respond(&message, &answer).await;
            }
            other => panic!("an unexpected request on {other}"),
        }
    }

    async fn respond(&self, message: &Message, answer: &impl Serialize) {
        let reply = message.reply.clone().unwrap();
        self.client
            .publish(reply, serde_json::to_vec(answer).unwrap().into())
            .await
            .unwrap();
    }

    async fn refuse(&self, message: &Message, code: ErrorCode) {
        let mut found = HeaderMap::new();
        found.insert(headers::SERVICE_ERROR_CODE, code.number().to_string());
        found.insert(headers::SERVICE_ERROR, "refused");
        let body = serde_json::to_vec(&ServiceError::new(code, "refused")).unwrap();
        let reply = message.reply.clone().unwrap();
        self.client
            .publish_with_headers(reply, found, body.into())
            .await
            .unwrap();
    }
}
