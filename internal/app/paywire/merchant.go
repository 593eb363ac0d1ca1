package paywire

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/wechat/pay"
	"huoshui/internal/wechat/simulator"
)

// MerchantForm is a merchant of WeChat Pay as a person enters it.
type MerchantForm struct {
	MchID       string `json:"mchid" minLength:"8" maxLength:"32" doc:"Merchant number"`
	AppID       string `json:"appid" minLength:"8" maxLength:"32"`
	Serial      string `json:"serial" minLength:"8" maxLength:"64" doc:"Serial number of the merchant's certificate"`
	PrivateKey  string `json:"private_key" maxLength:"10000" doc:"PEM: apiclient_key.pem"`
	APIv3Key    string `json:"api_v3_key" minLength:"32" maxLength:"32"`
	PublicKeyID string `json:"public_key_id" minLength:"4" maxLength:"64" doc:"PUB_KEY_ID_…"`
	PublicKey   string `json:"public_key" maxLength:"10000" doc:"PEM: WeChat Pay's public key"`
}

const (
	merchantSetting = "pay.merchant"
	merchantPurpose = "pay merchant"
)

// read turns a form into a merchant; what does not read is Invalid.
func (f MerchantForm) read() (pay.Merchant, error) {
	m := pay.Merchant{MchID: f.MchID, AppID: f.AppID, Serial: f.Serial, APIv3Key: f.APIv3Key, PublicKeyID: f.PublicKeyID}
	if len(f.APIv3Key) != 32 {
		return m, errs.New(errs.Invalid, "pay.api_v3_key", "the APIv3 key has 32 characters").At("api_v3_key")
	}
	private, _ := pem.Decode([]byte(f.PrivateKey))
	if private == nil {
		return m, errs.New(errs.Invalid, "pay.private_key", "this is no PEM key").At("private_key")
	}
	key, err := x509.ParsePKCS8PrivateKey(private.Bytes)
	if err != nil {
		key, err = x509.ParsePKCS1PrivateKey(private.Bytes)
	}
	var ok bool
	if m.PrivateKey, ok = key.(*rsa.PrivateKey); err != nil || !ok {
		return m, errs.New(errs.Invalid, "pay.private_key", "this is no RSA key").At("private_key")
	}
	public, _ := pem.Decode([]byte(f.PublicKey))
	if public == nil {
		return m, errs.New(errs.Invalid, "pay.public_key", "this is no PEM key").At("public_key")
	}
	theirs, err := x509.ParsePKIXPublicKey(public.Bytes)
	if m.PublicKey, ok = theirs.(*rsa.PublicKey); err != nil || !ok {
		return m, errs.New(errs.Invalid, "pay.public_key", "this is no RSA key").At("public_key")
	}
	return m, nil
}

// SaveMerchant checks and keeps a merchant, sealed; it is used from the next start on.
func SaveMerchant(ctx context.Context, db *store.DB, sealer simulator.Sealer, f MerchantForm, by string, now time.Time) error {
	if _, err := f.read(); err != nil {
		return err
	}
	plain, err := json.Marshal(f)
	if err != nil {
		return err
	}
	sealed, err := sealer.Seal(merchantPurpose, plain)
	if err != nil {
		return err
	}
	return db.Tx(ctx, func(tx *store.Tx) error {
		_, err := settings.Put(ctx, tx, merchantSetting, sealed, by, now)
		return err
	})
}

// LoadMerchant returns the merchant that was saved; false when none was, and the simulator is to be used.
func LoadMerchant(ctx context.Context, db *store.DB, sealer simulator.Sealer) (pay.Merchant, bool, error) {
	sealed, version, err := settings.Get(ctx, db, merchantSetting, "")
	if err != nil || version == 0 || sealed == "" {
		return pay.Merchant{}, false, err
	}
	plain, err := sealer.Open(merchantPurpose, sealed)
	if err != nil {
		return pay.Merchant{}, false, fmt.Errorf("merchant: %w", err)
	}
	var f MerchantForm
	if err := json.Unmarshal(plain, &f); err != nil {
		return pay.Merchant{}, false, fmt.Errorf("merchant: %w", err)
	}
	m, err := f.read()
	return m, err == nil, err
}
