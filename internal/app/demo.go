package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"huoshui/internal/data/collect"
	"huoshui/internal/data/importing"
	"huoshui/internal/demo"
	"huoshui/internal/marketing/content"
	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/config"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/files"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/order"
)

// DemoOptions are what `huoshui demo` decides about the brand, and how it hears of it.
type DemoOptions struct {
	People int       // customers of a new brand; 0 is the shipped number
	Seed   uint64    // another brand of the same kind; 0 is the shipped one
	Today  time.Time // the day a new brand starts on; zero is today
	Stage  func(name string)
	Ready  func(door DemoDoor) // called when the brand is there and the server answers
}

// DemoDoor is how one gets in. The password is known only when the account has just been made.
type DemoDoor struct {
	URL       string `json:"url"`
	SignInURL string `json:"sign_in_url"` // signs in once, within a day
	PhoneURL  string `json:"phone_url"`
	Login     string `json:"login"`
	Password  string `json:"password,omitempty"`
}

// options of the world, for a brand that is new.
func (d DemoOptions) world(today time.Time) demo.Options {
	o := demo.Defaults(today)
	if d.People > 0 {
		o.People = d.People
	}
	if d.Seed > 0 {
		o.Seed = d.Seed
	}
	return o
}

// RunDemo opens the demo brand in a data directory of its own, makes it where it is new, and serves it until ctx ends.
func RunDemo(ctx context.Context, cfg config.Config, o Options, d DemoOptions) error {
	for _, role := range []config.Role{config.API, config.Worker, config.Scheduler} {
		if !cfg.Has(role) {
			return errs.New(errs.Invalid, "demo.roles", "the demo brand needs all roles in one process")
		}
	}
	o.demo = &d
	listening := make(chan string, 1)
	o.Ready = func(base string) { listening <- base }
	a, err := Open(ctx, cfg, o)
	if err != nil {
		return err
	}
	d.Stage("engines")
	door, admin, err := a.openDoor(ctx)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	a.demoReady = func(ctx context.Context) error {
		select {
		case door.URL = <-listening:
		case <-ctx.Done():
			return nil
		}
		token, err := a.Services.Sessions.IssueLink(ctx, admin, 24*time.Hour)
		if err != nil {
			return err
		}
		door.SignInURL, door.PhoneURL = door.URL+"/api/v1/session/link/"+token, door.URL+"/phone/"
		d.Ready(door)
		return nil
	}
	return errors.Join(a.Serve(ctx), a.Close())
}

// openDoor makes the operator's account, and those of the teams that strategies give tasks to, where they are new.
func (a *App) openDoor(ctx context.Context) (door DemoDoor, admin string, err error) {
	door.Login = "admin"
	issued, made, err := a.Services.Staff.FirstAdmin(ctx)
	if err != nil {
		return door, "", err
	}
	if !made {
		account, err := a.Services.Staff.ByLogin(ctx, door.Login)
		return door, account.ID, err
	}
	door.Password = "demo-brand-1234"
	if !loopback(a.Config.Listen) {
		door.Password = auth.OneTimePassword() // a brand that others can reach has a password of its own
	}
	if err := a.Services.Staff.ChangePassword(ctx, issued.Account.ID, issued.Password, door.Password); err != nil {
		return door, "", err
	}
	for _, m := range []staff.NewAccount{
		{Login: "vip-a", Name: "高级客户经理 A", Role: staff.VIPService, Team: "senior_manager"},
		{Login: "vip-b", Name: "高级客户经理 B", Role: staff.VIPService, Team: "senior_manager"},
		{Login: "service-a", Name: "VIP 客服 A", Role: staff.VIPService, Team: "vip_service"},
		{Login: "service-b", Name: "VIP 客服 B", Role: staff.VIPService, Team: "vip_service"},
		{Login: "convert-a", Name: "转化顾问 A", Role: staff.User, Team: "conversion"},
		{Login: "group-a", Name: "社群运营 A", Role: staff.Activity, Team: "community"},
	} {
		if _, err := a.Services.Staff.Join(ctx, m); err != nil && !errs.Is(err, errs.Conflict) {
			return door, "", err
		}
	}
	return door, issued.Account.ID, nil
}

func loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// startDemoClock puts the clock where the demo brand is, in a data directory that has one or is about to. Anything
// else runs on the machine's time.
func (a *App) startDemoClock(ctx context.Context) error {
	there, err := demo.Present(ctx, a.DB)
	if err != nil || !there && a.options.demo == nil {
		return err
	}
	if !there {
		n, err := store.One[int64](ctx, a.DB, `SELECT COUNT(*) FROM customers`)
		if err != nil {
			return err
		}
		if n > 0 {
			return errs.New(errs.Conflict, "demo.real_data", "%s holds a real brand's data; give the demo brand a directory of its own (--data)", a.Config.Data)
		}
	}
	var today time.Time
	if a.options.demo != nil {
		today = a.options.demo.Today
	}
	if err := demo.SetClock(ctx, a.DB, a.Clock, today); err != nil {
		return err
	}
	a.isDemo = true
	return nil
}

// buildDemo opens the doors through which the demo brand goes; after everything else.
func (a *App) buildDemo(ctx context.Context) error {
	if !a.isDemo {
		return nil
	}
	options := DemoOptions{}
	if a.options.demo != nil {
		options = *a.options.demo
	}
	s := &a.Services
	shop := demoShop{db: a.DB, now: a.Clock.Now, identity: s.Identity, settler: order.NewSettler().Asking(collect.Touches), consents: s.Consents}
	guide := ""
	if admin, err := s.Staff.ByLogin(ctx, "admin"); err == nil {
		guide = admin.ID
	}
	s.Demo = demo.NewService(a.DB, a.Clock, demo.Doors{
		Importer:  demoImporter{s.Imports},
		Shop:      shop,
		Directory: shop,
		Reach:     demoReach{s.Campaigns, s.Strategies, s.Tasks, guide},
		Loop:      demoLoop{a, s.Campaigns, s.Segments},
		Handset:   demoHandset{a.DB, s.Campaigns, s.Layers},
		Clicks:    &demoClicks{sources: s.Sources, accept: a.accept, now: a.Clock.Now},
	}, filepath.Join(a.Config.Data, "demo"), options.world, a.Log)
	return nil
}

// runDemo makes or remembers the brand, tells whoever waits, and keeps its time until ctx ends.
func (a *App) runDemo(ctx context.Context) error {
	say := func(string) {}
	if a.options.demo != nil {
		say = a.options.demo.Stage
	}
	fresh, err := a.Services.Demo.Prepare(ctx, say)
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	if fresh {
		_, err := a.Services.Contents.SetBrand(ctx, content.Brand{Name: "毛球铺子", Link: "https://shop.example/maoqiu"}, "demo")
		if err != nil {
			return err
		}
		if err := a.stockDemoStore(ctx); err != nil {
			return err
		}
		if err := a.designDemoStore(ctx); err != nil {
			return err
		}
		say("months")
		if err := a.Services.Layers.Reconstruct(ctx, a.Services.Layers.MonthEnds(6)...); err != nil {
			return err
		}
	}
	if a.demoReady != nil {
		if err := a.demoReady(ctx); err != nil {
			return err
		}
	}
	return a.Services.Demo.KeepTime(ctx)
}

// demoImporter hands files in as an operator does: upload, mapping by the headers, run.
type demoImporter struct{ imports *importing.Service }

// ImportDemo imports one file and checks that every line of it went in.
func (d demoImporter) ImportDemo(ctx context.Context, f demo.File) error {
	in, err := os.Open(f.Path)
	if err != nil {
		return err
	}
	defer in.Close()
	imp, err := d.imports.Upload(ctx, f.Target, filepath.Base(f.Path), in, "")
	if err != nil {
		return err
	}
	spec := imp.Spec
	spec.Channel = f.Channel
	if imp, err = d.imports.Configure(ctx, imp.ID, files.Format{}, spec); err != nil {
		return err
	}
	if _, err := d.imports.Start(ctx, imp.ID); err != nil {
		return err
	}
	for {
		if imp, err = d.imports.Get(ctx, imp.ID); err != nil {
			return err
		}
		if !imp.Running() {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	if c := imp.Result(); imp.Status != importing.StatusDone || c.LinesRejected > 0 {
		return fmt.Errorf("import %s: %s, %d lines rejected %v %s", imp.ID, imp.Status, c.LinesRejected, c.Rejected, imp.Error)
	}
	return nil
}
