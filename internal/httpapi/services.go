package httpapi

import (
	"context"

	"huoshui/internal/app/paywire"
	"huoshui/internal/data/collect"
	"huoshui/internal/data/effect"
	"huoshui/internal/data/importing"
	"huoshui/internal/data/metric"
	"huoshui/internal/data/product"
	"huoshui/internal/demo"
	"huoshui/internal/finance/ledger"
	"huoshui/internal/finance/payment"
	"huoshui/internal/finance/reconcile"
	"huoshui/internal/finance/wallet"
	"huoshui/internal/marketing/campaign"
	"huoshui/internal/marketing/content"
	"huoshui/internal/marketing/launch"
	"huoshui/internal/marketing/loyalty"
	"huoshui/internal/marketing/strategy"
	"huoshui/internal/org/staff"
	"huoshui/internal/org/task"
	"huoshui/internal/platform/auth"
	"huoshui/internal/trade/address"
	"huoshui/internal/trade/aftersale"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/flash"
	"huoshui/internal/trade/groupbuy"
	"huoshui/internal/trade/order"
	"huoshui/internal/trade/photo"
	"huoshui/internal/trade/presale"
	"huoshui/internal/trade/promo"
	"huoshui/internal/trade/review"
	"huoshui/internal/trade/storefront"
	"huoshui/internal/user/audience"
	"huoshui/internal/user/consent"
	"huoshui/internal/user/customer"
	"huoshui/internal/user/hook"
	"huoshui/internal/user/identity"
	"huoshui/internal/user/layer"
	"huoshui/internal/user/signin"
	"huoshui/internal/user/tag"
	"huoshui/internal/wechat/oa"
	"huoshui/internal/wechat/pay"
	"huoshui/internal/wechat/simulator"
)

// Services is what the routes act through; each noun adds its own field. Fields are nil while the OpenAPI document is
// generated, so a register function must not call them: use them inside handlers, as a.Services.Staff.List(…).
type Services struct {
	Customers  *customer.Service
	Identity   *identity.Service
	Orders     *order.Service
	Promo      *promo.Service
	Goods      *catalog.Service
	Addresses  *address.Service
	Flash      *flash.Service
	Groups     *groupbuy.Service
	Presales   *presale.Service
	Sales      *checkout.Service
	AfterSale  *aftersale.Service
	Reviews    *review.Service
	Photos     *photo.Service // pictures that customers take
	Storefront *storefront.Service
	SignIn     *signin.Service
	Imports    *importing.Service
	Staff      *staff.Service
	Sessions   *auth.Sessions
	Demo       *demo.Service // nil outside demo mode
	Layers     *layer.Service
	Segments   *audience.Service
	Hooks      *hook.Service // other systems that hear who enters and leaves a segment
	Tags       *tag.Service
	Metrics    *metric.Service
	Campaigns  *campaign.Service
	Launches   *launch.Service
	Consents   *consent.Service
	Contents   *content.Service
	Strategies *strategy.Service
	Effect     *effect.Service
	Products   *product.Service // analytics of what sells
	Tasks      *task.Service
	Sources    *collect.Sources
	Collect    *collect.Edge // takes events in; nil where nothing is served
	Desk       *collect.Desk // what came in, and what is decided about it
	Pipeline   *collect.Pipeline
	Books      *ledger.Service
	Wallets    *wallet.Service
	Points     *loyalty.Service
	Payments   *payment.Service
	Reconcile  *reconcile.Service
	WechatPay  *pay.Client
	BaseURL    func() string // how browsers and mail readers reach us, no trailing slash

	// Ask leads a customer to the cashier of WeChat Pay for an unpaid sale.
	Ask func(ctx context.Context, sale checkout.Sale, method payment.Method, openid string) (payment.Cashier, error)
	// AskDeposit leads a customer to the cashier of WeChat Pay for an unpaid deposit of a presale.
	AskDeposit func(ctx context.Context, b presale.Booking, title string, method payment.Method, openid string) (payment.Cashier, error)
	// TextMessages sends texts to phones; its simulated phone can be read in the demo brand.
	TextMessages interface {
		signin.Sender
		Last(phone string) string
	}

	PaySimulator *simulator.Pay                                                     // nil where WeChat Pay is the real one
	Audit        func(context.Context) ([]ledger.Result, error)                     // holds the books against all that owns money
	Recognise    func(ctx context.Context, customer uint32, device string) error    // ties a browser, by the name it tells events under, to who is signed in on it
	SaveMerchant func(ctx context.Context, f paywire.MerchantForm, by string) error // used from the next start on

	OA          *oa.Client                                                // nil where customers cannot sign in by WeChat
	OASimulator *simulator.OA                                             // nil where the Official Account is the real one
	SaveOA      func(ctx context.Context, appid, secret, by string) error // used from the next start on
}

// nouns are the files of routes, in the order of the document; each noun adds its own line.
func nouns() []func(*API) {
	return []func(*API){
		registerSession,
		registerStaff,
		registerSystem,
		registerCustomer,
		registerIdentity,
		registerImport,
		registerLayer,
		registerWarning,
		registerSegment,
		registerSegmentHook,
		registerTag,
		registerOverview,
		registerStrategy,
		registerContent,
		registerCampaign,
		registerLaunch,
		registerEffect,
		registerProduct,
		registerTracking,
		registerPromo,
		registerGoods,
		registerShop,
		registerShopWechat,
		registerPhoto,
		registerAfterSale,
		registerReview,
		registerStorefront,
		registerAddress,
		registerRoom,
		registerGroupBuy,
		registerPresale,
		registerFinance,
		registerTask,
		registerPolicy,
		registerPublic,
		registerSource,
		registerCollect,
		registerDemo,
	}
}
