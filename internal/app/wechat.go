package app

import (
	"context"
	"encoding/json"
	"fmt"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/wechat/oa"
	"huoshui/internal/wechat/simulator"
)

const (
	oaSetting = "wechat.oa"
	oaPurpose = "official account"
)

// buildWechat lets customers sign in by the Official Account that was entered; by the local one while WeChat Pay is the
// local one too, and not at all where a merchant was entered and no account.
func (a *App) buildWechat(ctx context.Context) error {
	s := &a.Services
	s.SaveOA = func(ctx context.Context, appid, secret, by string) error {
		plain, err := json.Marshal(oa.Account{AppID: appid, Secret: secret})
		if err != nil {
			return err
		}
		sealed, err := a.Keys.Seal(oaPurpose, plain)
		if err != nil {
			return err
		}
		return a.DB.Tx(ctx, func(tx *store.Tx) error {
			_, err := settings.Put(ctx, tx, oaSetting, sealed, by, clock.System())
			return err
		})
	}
	sealed, version, err := settings.Get(ctx, a.DB, oaSetting, "")
	switch {
	case err != nil:
		return err
	case version > 0:
		var account oa.Account
		plain, err := a.Keys.Open(oaPurpose, sealed)
		if err == nil {
			err = json.Unmarshal(plain, &account)
		}
		if err != nil {
			return fmt.Errorf("official account: %w", err)
		}
		s.OA = oa.New(account)
	case s.PaySimulator != nil:
		s.OASimulator = simulator.NewOA(a.DB, a.BaseURL, a.Clock.Now)
		s.OA = oa.NewLocal(oa.Account{AppID: simulator.OAAppID, Secret: simulator.OASecret}, "/sim/oa/authorize", s.OASimulator)
	}
	return nil
}
