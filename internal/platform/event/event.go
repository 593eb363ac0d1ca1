// Package event is the vocabulary of facts: what happened, to whom, when. A fact is the outbox row, the stream
// message and the warehouse row in one shape; every fact is immutable and carries its own idempotency key.
package event

import (
	"encoding/json"
	"time"
)

// Fact is one thing that happened. Names are dotted, past tense, "<noun>.<verb>"; the noun is the stream subject.
type Fact struct {
	ID       string    `json:"id"`                 // idempotency key, unique for ever: id.From of its cause, or id.New
	Name     string    `json:"name"`               // "order.paid"
	Customer uint32    `json:"customer,omitempty"` // dense customer number; 0 when it concerns nobody
	At       time.Time `json:"at"`                 // when it happened (not when it was recorded), UTC, microseconds
	Subject  string    `json:"subject,omitempty"`  // the thing it is about: order id, message id, segment id
	Amount   int64     `json:"amount,omitempty"`   // fen
	Quantity int64     `json:"quantity,omitempty"`
	Product  string    `json:"product,omitempty"`  // SKU or product code
	Category string    `json:"category,omitempty"` // product category
	Channel  string    `json:"channel,omitempty"`  // sales channel of an order, send channel of a message, source of a visit
	Campaign string    `json:"campaign,omitempty"` // campaign id
	Strategy string    `json:"strategy,omitempty"` // strategy id
	Detail   string    `json:"detail,omitempty"`   // low-cardinality second word: refusal reason, variant, from/to layer, assignment arm
	// Props holds what the columns do not; opaque to the engines.
	Props json.RawMessage `json:"props,omitempty"`
}

// Names of facts. A package that adds one adds it here, so that this list is the dictionary of the loop.
const (
	CustomerChanged = "customer.changed" // Props: Attributes, whole; the newest wins

	// Facts of Customer belong to another from now on, past and future ones; a split gives them back.
	CustomerMerged = "customer.merged" // Customer the number that goes, Quantity the number it goes into, Subject the id of who stays
	CustomerSplit  = "customer.split"  // Customer the number that leaves again, Quantity the number it leaves

	OrderPaid     = "order.paid"     // one per order; Subject order id, Amount paid, Quantity units; Props how the person first and last arrived before: Touch.Words after first_ and last_
	OrderLine     = "order.line"     // one per order line, at the same instant; Product, Category, Amount, Quantity
	OrderRefunded = "order.refunded" // Subject order id, Amount given back (positive), Quantity units, Product when known
	// What becomes of an order of the brand's own store; Subject is the sale's id, Amount what it costs, Quantity units.
	OrderPlaced   = "order.placed"   // not paid yet
	OrderUnpaid   = "order.unpaid"   // it will soon be closed unpaid: the time to remind
	OrderClosed   = "order.closed"   // never paid; Detail why: customer, timeout, staff
	OrderShipped  = "order.shipped"  // Detail the carrier
	OrderFinished = "order.finished" // received
	// What became of the codes of an order; Subject is the sale's id, never the code itself.
	CodesHanded  = "codes.handed"  // virtual goods: Product, Quantity codes that its buyer sees now
	CodeRedeemed = "code.redeemed" // Detail pickup or service; Product, Quantity units

	// What becomes of a case of after-sale: Subject its id, Product its SKU when it has one, Quantity units, Amount what was given back;
	// Detail its kind: refund, return, exchange; Props {"kind":…, "reason":…, "order":…, "text": what was said}.
	AfterSaleRequested = "after_sale.requested"
	AfterSaleAsked     = "after_sale.asked" // staff want to know more
	AfterSaleAgreed    = "after_sale.agreed"
	AfterSaleRefused   = "after_sale.refused"
	AfterSaleSent      = "after_sale.sent" // the goods are on their way back
	AfterSaleReceived  = "after_sale.received"
	AfterSaleRefunded  = "after_sale.refunded" // beside order.refunded, which tells the amounts
	AfterSaleReplaced  = "after_sale.replaced" // other goods were sent
	AfterSaleClosed    = "after_sale.closed"   // Detail by whom: customer, staff, clock
	// Whoever sums amounts of orders must add this; a scan of the warehouse has done so, see warehouse.Scan.
	OrderAmended = "order.amended" // more lines of a paid order came to light: Subject order id; Amount and Quantity are what they add; At is its paid time

	// Somebody arrived: a link named where from, or another site led here. Channel is the utm_source, else the host of the other site;
	// Detail whether it says something new; Props what Touch.Words says. An arrival told between the first and the last that are known is none.
	TouchMade = "touch.made"

	PageViewed = "page.viewed" // an interaction on the brand's own ground; Product/Category when known

	// What the brand's own pages, apps and servers tell of people; Channel is the sales channel that the source
	// belongs to, as orders name it; of a source with none, the utm_source they came by, else the name of the source. Props keeps what the columns do not, with utm_*, url and referrer.
	ProductViewed   = "product.viewed"   // Product, Category; Amount its price
	CartAdded       = "cart.added"       // one per product; Amount price times Quantity, Subject the cart's id
	CartRemoved     = "cart.removed"     // as cart.added
	CartAbandoned   = "cart.abandoned"   // nobody touched it for a while; Subject the cart's owner, Quantity units in it
	CheckoutStarted = "checkout.started" // Subject the order's or cart's id, Amount and Quantity of all of it
	ProductLine     = "product.line"     // one per product of an event that names several; Subject as the event's, Detail its name
	// What somebody said or wrote to the brand, Props {"text": …}: keyword tags listen to these.
	MessageReceived = "message.received" // in a chat, a comment, a call
	SurveyAnswered  = "survey.answered"
	// Reviews of goods: Subject the review's id, Product, Quantity stars, Detail good, middle or low; Props {"text", "stars", "tags", "pictures": how many, "order"}.
	ReviewPosted   = "review.posted"
	ReviewFollowed = "review.followed" // said later
	ReviewApproved = "review.approved" // others see it; no text
	// CustomPrefix and the name in the event dictionary is every other event: "event.Products Searched". What a client says
	// of an order that was completed is one of these: money comes from the store.
	CustomPrefix = "event."

	LayerChanged   = "layer.changed"   // Detail "from>to" (layer codes, "" when first seen)
	SegmentEntered = "segment.entered" // Subject segment id
	SegmentLeft    = "segment.left"

	// Why somebody carries a tag from now on, or no longer. Subject tag id; Detail the kind of cause: manual, import, rule,
	// statistic, keyword, fuzzy or definition (the words of the tag changed); Props {"why": {"code": …, and its values}}.
	TagAdded   = "tag.added"
	TagRemoved = "tag.removed"

	// What became of a coupon. Subject coupon id; Campaign the one it was given for; Props {"promotion":…, "order":…}.
	CouponClaimed  = "coupon.claimed"  // Detail how it came: claim, issue or code
	CouponUsed     = "coupon.used"     // Amount what it took off the order
	CouponReturned = "coupon.returned" // Amount what it had taken off; Detail locked (the order was never paid) or used
	CouponExpired  = "coupon.expired"

	FlashQueued = "flash.queued" // came into the waiting room of a flash sale; Subject the sale, Quantity the place

	// What became of people who buy together, one per member; Subject the group, Product, Quantity units, Amount what they cost,
	// Detail the offer.
	GroupOpened    = "group.opened"    // the first member paid
	GroupJoined    = "group.joined"    // another member paid
	GroupCompleted = "group.completed" // every seat is paid
	GroupFailed    = "group.failed"    // its time was over: the money goes back

	// Who wants to hear when a launch is sold: Subject the launch, Product the goods on whose page she said so, Detail the stage.
	LaunchReserved             = "launch.reserved"
	LaunchReservationCancelled = "launch.reservation_cancelled"

	// What becomes of a customer's units of a presale; Subject the booking, Product, Quantity units, Amount the deposit, Detail the presale.
	PresaleDeposited = "presale.deposited" // the deposit was paid
	PresaleTailDue   = "presale.tail_due"  // the tail can be paid from now on: the time to remind
	PresaleTailPaid  = "presale.tail_paid" // beside order.paid, which tells the amounts
	PresaleForfeited = "presale.forfeited" // the tail was never paid: the deposit is the brand's
	PresaleReturned  = "presale.returned"  // the deposit goes back: the presale was stopped, or gives it back

	CampaignAssigned = "campaign.assigned" // one per person in the frozen audience; Detail "reach" or "holdout"

	MessagePlanned      = "message.planned" // Subject message id; Channel, Campaign, Strategy; Detail variant
	MessageRefused      = "message.refused" // Detail the policy's reason
	MessageHeld         = "message.held"    // Detail the reason; Props {"until":…}
	MessageSent         = "message.sent"    // Amount cost in fen
	MessageDelivered    = "message.delivered"
	MessageOpened       = "message.opened"
	MessageClicked      = "message.clicked" // Props {"url":…}
	MessageFailed       = "message.failed"  // Detail the reason
	MessageUnsubscribed = "message.unsubscribed"

	ConsentChanged = "consent.changed" // Channel; Detail "granted" or "withdrawn"

	// Subject is the order, else the payment; Detail how it was paid, or why it was given back.
	PaymentPaid     = "payment.paid"
	PaymentClosed   = "payment.closed"
	PaymentRefunded = "payment.refunded" // the money is with the customer again

	// Subject is the order, else the line of the statement; Amount principal and gift together, positive.
	WalletToppedUp  = "wallet.topped_up"
	WalletSpent     = "wallet.spent"
	WalletRefunded  = "wallet.refunded"
	WalletExpired   = "wallet.expired" // gifts that nobody spent
	WalletWithdrawn = "wallet.withdrawn"

	// Quantity is points, Amount what they are worth in fen; Subject the order, else the line of the statement.
	PointsEarned   = "points.earned"
	PointsBurned   = "points.burned"   // used as money
	PointsReturned = "points.returned" // given back with a refund
	PointsRevoked  = "points.revoked"  // what an order had earned, taken back with its refund
	PointsExpired  = "points.expired"

	TaskDone   = "task.done"   // Subject task id
	TaskFailed = "task.failed" // Detail the reason
)

// Attributes is what the audience engine may ask about a person; the Props of customer.changed.
type Attributes struct {
	Registered time.Time `json:"registered"`
	Gender     string    `json:"gender,omitempty"`   // "f", "m" or ""
	Birthday   string    `json:"birthday,omitempty"` // YYYY-MM-DD, year 0000 when unknown
	Province   string    `json:"province,omitempty"`
	City       string    `json:"city,omitempty"`
	Source     string    `json:"source,omitempty"` // source channel the person came from
	Store      string    `json:"store,omitempty"`  // store code
	Owner      string    `json:"owner,omitempty"`  // staff id of the owner
	Level      string    `json:"level,omitempty"`  // member level
	HasPhone   bool      `json:"has_phone,omitempty"`
	HasEmail   bool      `json:"has_email,omitempty"`
	Erased     bool      `json:"erased,omitempty"` // no longer a customer: in no universe
	Merged     bool      `json:"merged,omitempty"` // went into another customer: in no universe until it is split off again
}
