//! Everything that may go wrong in a schedule.

use crate::names::named;

named! {
    /// A kind of fault. Each schedule draws some of them.
    Fault {
        InvalidEmail: "value: invalid e-mail address",
        RejectedValue: "value: rejected, property named",
        RejectedUnnamed: "value: rejected, no property named",
        OtherForm: "value: kept in another form",
        ReplacedValue: "value: replaced by a workflow",
        HiddenProperty: "last names not shown",
        UnknownProperty: "rule: property unknown for a while",
        ReadOnlyProperty: "rule: property read-only for a while",
        AdminRule: "rule: an admin's rule rejects everyone for a while",
        Conflict: "address of another contact",
        OwnConflict: "409 that names the written contact itself",
        MissingContact: "no contact at first",
        SharedContact: "two users with one contact",
        SecondaryAddress: "user known by a secondary address",
        HiddenSecondary: "secondary addresses not shown",
        LookupForgets: "lookup omits an address",
        LookupFails: "lookup fails for one address",
        Edited: "others: edit a field",
        AddressChanged: "others: change an address",
        SecondaryAdded: "others: add a secondary address",
        Merged: "others: merge two contacts",
        Archived: "others: archive a contact",
        Created: "others: create a contact again",
        MergeFollowed: "batch follows a former id, answers with the new one",
        NoTraceIds: "answer without trace ids",
        PartOfBatch: "2xx that omits a written input",
        EmptySuccess: "2xx that lists nothing",
        UnshownValues: "answer to a write that shows no values",
        ListedTwice: "input listed as written and as rejected",
        AllOrNothing: "one bad input rejects the batch",
        Poison: "one contact makes HubSpot fail",
        ForbiddenContact: "403 for one contact",
        ScopelessContact: "403 scopes for one contact",
        PathlessContact: "404 without a category for one contact",
        ReadOnlyContact: "one contact's name is read-only",
        StrangeInput: "one input fails for an unknown category",
        LockedContact: "423 for one contact",
        Locked: "423 for a call",
        Status408: "408",
        Status500: "500",
        Status502: "502",
        Status503: "503, Retry-After",
        Status504: "504",
        ErrorAfterEffect: "error status after the effect",
        ErrorBeforeLateEffect: "error status, carried out later",
        HtmlPage: "HTML page with status 200",
        HtmlRefusal: "HTML page with a 4xx status",
        BurstLimit: "429 burst",
        SecondLimit: "429 second",
        NarrowLimit: "few calls allowed in a window",
        CutBefore: "cut before the request left",
        CutDuring: "cut with the request on its way",
        CutAfter: "cut after the effect",
        Slow: "slow answer within the time-out",
        TimedOut: "time-out, never carried out",
        LateEffect: "time-out, carried out later",
        Unauthorized: "account: 401",
        NoAccessToken: "account: no access token is issued",
        MissingScopes: "account: 403 scopes",
        MissingWriteScope: "account: 403 scope of writes",
        DayLimit: "account: 429 day",
        Moving: "account: 477",
        NoSuchPath: "account: 404 path",
        Unreachable: "account: unreachable",
        Outage: "account: 5xx for all",
        Hanging: "account: nothing is answered",
        OtherAccount: "account: token of another one",
        Paused: "operator: delivery paused for a while",
        OperatorLinks: "operator: links a user to a contact",
        OperatorUnlinks: "operator: unlinks a user",
        OperatorRetries: "operator: has users tried again",
        OperatorResyncs: "operator: has users sent again",
        OperatorRepairs: "operator: has a contact that differs repaired",
        Freeze: "worker: frozen",
        FreezeBeforeCall: "worker: frozen between decision and call",
        LongFreeze: "worker: frozen for minutes",
        Kill: "worker: killed",
        ShutDown: "worker: shut down",
        TokenReplaced: "worker: token replaced",
        LostRequest: "message: request lost",
        LostAnswer: "message: answer lost",
        SlowMessage: "message: slow",
        ExpiredRequest: "message: arrives after its limit",
        DuplicateRequest: "message: arrives twice",
        RepeatedChange: "caller: sends a change twice",
        SecondTry: "gateway: sends a change a second time",
        Burst: "caller: changes a user many times within seconds",
        ImportedLine: "caller: imports a line",
        AddressesSwapped: "caller: two users exchange their addresses",
        AddressHandedOver: "caller: a user takes an address that another one gives up",
        ServiceDown: "user service: restarted after a while",
        ServiceUnavailable: "user service: takes no changes for a while",
        BatchFails: "database: a batch fails before its commit",
        BeginFails: "database: no transaction can begin",
        CommitLost: "database: a commit is lost, nothing is stored",
        CommitUnconfirmed: "database: a commit is stored, its answer is lost",
        LostCommits: "database: a fail-over loses commits",
        BatchesOverlap: "database: two batches at a time",
        ClockBack: "user service: clock steps back",
        ClockForward: "user service: clock steps forward",
        LostAnnouncement: "broker: wake-up lost before the stream",
        LostConfirmation: "broker: wake-up stored, confirmation lost",
        LostAck: "broker: acknowledgement lost",
        LostNotice: "broker: wake-up past the stream lost",
        DuplicateWakeUp: "broker: wake-up delivered twice",
        SlowWakeUp: "broker: wake-ups out of order",
        Disconnected: "broker: connection lost",
        Wiped: "broker: stream wiped",
        RolledBack: "broker: stream rolled back",
        NarrowStream: "broker: few wake-ups fit",
    }
}

impl Fault {
    /// Whether it loses or delays wake-ups or messages that would come to the same, so that only the sweep heals it.
    pub fn needs_the_sweep(self) -> bool {
        matches!(
            self,
            Self::LostAnswer
                | Self::SlowMessage
                | Self::ExpiredRequest
                | Self::DuplicateRequest
                // The sweep publishes its wake-up.
                | Self::ImportedLine
                | Self::ServiceDown
                | Self::CommitUnconfirmed
                | Self::LostCommits
                | Self::ClockBack
                | Self::ClockForward
                | Self::LostAnnouncement
                | Self::LostConfirmation
                | Self::LostAck
                | Self::Wiped
                | Self::RolledBack
                | Self::NarrowStream
                | Self::Freeze
                | Self::FreezeBeforeCall
                | Self::LongFreeze
                | Self::DayLimit
        )
    }

    /// Whether it delays claims of users that nothing is wrong with, although it loses no wake-up.
    pub fn delays_claims(self) -> bool {
        self.is_of_the_account()
            || matches!(
                self,
                Self::Locked
                    | Self::LockedContact
                    // The rejection may say that the contact is locked.
                    | Self::ListedTwice
                    | Self::BurstLimit
                    | Self::SecondLimit
                    | Self::NarrowLimit
                    | Self::Slow
                    | Self::TimedOut
                    | Self::LateEffect
                    | Self::Paused
                    | Self::Kill
                    | Self::ShutDown
                    | Self::TokenReplaced
                    | Self::LostRequest
                    | Self::ServiceUnavailable
                    | Self::BatchFails
                    | Self::BeginFails
                    | Self::CommitLost
                    | Self::SlowWakeUp
                    | Self::Disconnected
            )
    }

    /// Whether it concerns single records, so that it must not hold back others.
    pub fn is_of_a_record(self) -> bool {
        let of_a_value = matches!(
            self,
            Self::InvalidEmail
                | Self::RejectedValue
                | Self::RejectedUnnamed
                | Self::OtherForm
                | Self::ReplacedValue
                | Self::HiddenProperty
                | Self::AllOrNothing
                | Self::NoTraceIds
        );
        let of_an_address = matches!(
            self,
            Self::Conflict
                | Self::OwnConflict
                | Self::SharedContact
                | Self::SecondaryAddress
                | Self::HiddenSecondary
        );
        let of_a_contact = matches!(
            self,
            Self::MissingContact
                | Self::Edited
                | Self::AddressChanged
                | Self::SecondaryAdded
                | Self::Merged
                | Self::MergeFollowed
                | Self::Archived
                | Self::Created
                | Self::Poison
                | Self::ForbiddenContact
                | Self::ScopelessContact
                | Self::PathlessContact
                | Self::ReadOnlyContact
                | Self::LockedContact
        );
        of_a_value || of_an_address || of_a_contact
    }

    /// Whether it is a fault of the account as a whole.
    pub fn is_of_the_account(self) -> bool {
        matches!(
            self,
            Self::Unauthorized
                | Self::NoAccessToken
                | Self::MissingScopes
                | Self::MissingWriteScope
                | Self::DayLimit
                | Self::Moving
                | Self::NoSuchPath
                | Self::Unreachable
                | Self::Outage
                | Self::Hanging
                | Self::OtherAccount
        )
    }

    /// Whether it lasts for a while instead of occurring once.
    pub fn lasts(self) -> bool {
        self.is_of_the_account()
            || matches!(
                self,
                Self::UnknownProperty
                    | Self::ReadOnlyProperty
                    | Self::AdminRule
                    | Self::ServiceDown
                    | Self::ServiceUnavailable
                    | Self::Paused
            )
    }
}
