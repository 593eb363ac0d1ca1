package staff

import (
	"slices"

	"huoshui/internal/platform/auth"
)

// What one may do. A route names one of these; a role is a set of them.
const (
	CustomersRead   auth.Permission = "customers.read"
	CustomersWrite  auth.Permission = "customers.write"
	CustomersExport auth.Permission = "customers.export" // takes people out of the system in a file
	CustomersErase  auth.Permission = "customers.erase"  // forgets people for good, as they may ask
	IdentityRead    auth.Permission = "identity.read"
	IdentityWrite   auth.Permission = "identity.write" // merges people, takes merges back, decides conflicts
	ImportsRead     auth.Permission = "imports.read"
	ImportsWrite    auth.Permission = "imports.write"
	LayersRead      auth.Permission = "layers.read"
	LayersWrite     auth.Permission = "layers.write" // changes definitions
	SegmentsRead    auth.Permission = "segments.read"
	SegmentsWrite   auth.Permission = "segments.write"
	SegmentsHook    auth.Permission = "segments.hook" // has other systems told who enters and leaves
	TagsRead        auth.Permission = "tags.read"
	TagsMark        auth.Permission = "tags.mark"  // puts tags on people by hand and by file
	TagsWrite       auth.Permission = "tags.write" // makes tags and judges samples
	StrategiesRead  auth.Permission = "strategies.read"
	StrategiesWrite auth.Permission = "strategies.write"
	ContentRead     auth.Permission = "content.read"
	ContentWrite    auth.Permission = "content.write"
	CampaignsRead   auth.Permission = "campaigns.read"
	CampaignsWrite  auth.Permission = "campaigns.write"
	CampaignsSend   auth.Permission = "campaigns.send" // starts, pauses and cancels: reaches people
	PromoRead       auth.Permission = "promo.read"
	PromoWrite      auth.Permission = "promo.write" // makes and changes offers
	PromoIssue      auth.Permission = "promo.issue" // gives coupons to people, makes codes
	GoodsRead       auth.Permission = "goods.read"
	GoodsWrite      auth.Permission = "goods.write"  // what the store sells, at what price, and flash sales
	StoreDesign     auth.Permission = "store.design" // what the pages of the store look like, and when they are shown
	StockWrite      auth.Permission = "stock.write"  // goods came, went or were counted
	SalesRead       auth.Permission = "sales.read"
	SalesWrite      auth.Permission = "sales.write"  // ships, finishes and cancels orders
	SalesRefund     auth.Permission = "sales.refund" // gives money back
	EffectRead      auth.Permission = "effect.read"
	FinanceRead     auth.Permission = "finance.read"
	FinanceWrite    auth.Permission = "finance.write" // corrections, wallets by hand, refunds in trouble, differences, rules
	FinanceClose    auth.Permission = "finance.close" // closes days for good
	TasksRead       auth.Permission = "tasks.read"
	TasksWork       auth.Permission = "tasks.work"  // marks tasks done or failed
	TasksWrite      auth.Permission = "tasks.write" // assigns tasks to others
	PolicyRead      auth.Permission = "policy.read"
	PolicyWrite     auth.Permission = "policy.write"
	ChannelsRead    auth.Permission = "channels.read"
	ChannelsWrite   auth.Permission = "channels.write"
	SettingsRead    auth.Permission = "settings.read"
	SettingsWrite   auth.Permission = "settings.write"
	StaffRead       auth.Permission = "staff.read"
	StaffWrite      auth.Permission = "staff.write"
	AuditRead       auth.Permission = "audit.read"
	SystemRead      auth.Permission = "system.read"   // the state of the engines
	CollectRead     auth.Permission = "collect.read"  // sources and what came from them
	CollectWrite    auth.Permission = "collect.write" // makes sources, sees their keys, changes the plan of events
	DemoRun         auth.Permission = "demo.run"      // plays customers and moves time in the demo brand
)

// Role is what a member of staff does for the brand.
type Role string

// The roles.
const (
	Director   Role = "director"    // 运营总监
	Product    Role = "product"     // 产品运营
	Activity   Role = "activity"    // 活动运营
	Content    Role = "content"     // 内容运营
	User       Role = "user"        // 用户运营
	Data       Role = "data"        // 数据运营
	Channel    Role = "channel"     // 渠道运营
	Guide      Role = "guide"       // 导购
	VIPService Role = "vip_service" // VIP 客服
	Finance    Role = "finance"     // 财务
	Admin      Role = "admin"       // 管理员
)

// everyone reads what the daily work is about; nobody reads more about people than the role needs.
var everyone = []auth.Permission{LayersRead, StrategiesRead, ContentRead, TasksRead, TasksWork, PolicyRead}

// operator runs audiences and campaigns from end to end.
var operator = []auth.Permission{
	CustomersRead, IdentityRead, ImportsRead, SegmentsRead, SegmentsWrite, TagsRead, TagsMark, TagsWrite, CampaignsRead, PromoRead, GoodsRead, SalesRead, EffectRead, ChannelsRead, SettingsRead, StaffRead, CollectRead, DemoRun,
}

// roles says what each role may do beyond everyone's; Admin may do everything.
var roles = map[Role][]auth.Permission{
	Director: slices.Concat(operator, []auth.Permission{
		CustomersWrite, CustomersExport, CustomersErase, IdentityWrite, ImportsWrite, LayersWrite, SegmentsHook, StrategiesWrite, ContentWrite, CampaignsWrite, CampaignsSend,
		PromoWrite, PromoIssue, GoodsWrite, StoreDesign, StockWrite, SalesWrite, SalesRefund, TasksWrite, PolicyWrite, FinanceRead, AuditRead, SystemRead, CollectWrite,
	}),
	Product:    slices.Concat(operator, []auth.Permission{StrategiesWrite, PromoWrite, GoodsWrite, StoreDesign, StockWrite, SalesWrite}),
	Activity:   slices.Concat(operator, []auth.Permission{StrategiesWrite, ContentWrite, CampaignsWrite, CampaignsSend, PromoWrite, PromoIssue, GoodsWrite, StoreDesign, TasksWrite}),
	Content:    slices.Concat(operator, []auth.Permission{ContentWrite, CampaignsWrite, StoreDesign}),
	User:       slices.Concat(operator, []auth.Permission{CustomersWrite, IdentityWrite, ImportsWrite, LayersWrite, StrategiesWrite, ContentWrite, CampaignsWrite, CampaignsSend, PromoIssue, TasksWrite}),
	Data:       slices.Concat(operator, []auth.Permission{CustomersExport, ImportsWrite, LayersWrite, SegmentsHook, SystemRead, CollectWrite}),
	Channel:    slices.Concat(operator, []auth.Permission{ChannelsWrite}),
	Guide:      {CustomersRead, TagsRead, TagsMark, CampaignsRead, GoodsRead, SalesRead},
	VIPService: {CustomersRead, CustomersWrite, SegmentsRead, TagsRead, TagsMark, CampaignsRead, PromoRead, GoodsRead, SalesRead, SalesWrite, SalesRefund},
	Finance:    {FinanceRead, FinanceWrite, FinanceClose, CampaignsRead, PromoRead, GoodsRead, SalesRead, SalesRefund, EffectRead, CustomersRead, AuditRead},
}

// Roles lists the roles in the order of the organisation chart.
func Roles() []Role {
	return []Role{Director, Product, Activity, Content, User, Data, Channel, Guide, VIPService, Finance, Admin}
}

// Permissions returns what the role may do, sorted; nothing for a role that does not exist.
func Permissions(r Role) []auth.Permission {
	var all []auth.Permission
	switch {
	case r == Admin:
		for _, ps := range roles {
			all = append(all, ps...)
		}
		all = append(all, CustomersExport, ChannelsWrite, SettingsWrite, StaffRead, StaffWrite, AuditRead, SystemRead)
	case roles[r] == nil:
		return nil
	default:
		all = append(all, roles[r]...)
	}
	all = append(all, everyone...)
	slices.Sort(all)
	return slices.Compact(all)
}
