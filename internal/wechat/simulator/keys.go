package simulator

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
)

// Keys are those of a simulated merchant and of the simulated WeChat Pay.
type Keys struct {
	MchID       string
	AppID       string
	Serial      string // of the merchant's certificate
	Merchant    *rsa.PrivateKey
	APIv3Key    string
	PublicKeyID string
	Platform    *rsa.PrivateKey
}

// Sealer keeps secrets; *secret.Keys is one.
type Sealer interface {
	Seal(purpose string, plain []byte) (string, error)
	Open(purpose, sealed string) ([]byte, error)
}

const (
	keysSetting = "simulator.pay"
	keysPurpose = "simulator pay keys"
)

// keptKeys is how keys are kept: sealed JSON with the keys in PKCS #1.
type keptKeys struct {
	MchID, AppID, Serial, APIv3Key, PublicKeyID string
	Merchant, Platform                          []byte
}

// NewKeys makes keys.
func NewKeys() (Keys, error) {
	k := Keys{MchID: "1900000109", AppID: "wx8888888888888888", PublicKeyID: "PUB_KEY_ID_SIM"}
	var err error
	if k.Merchant, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return k, fmt.Errorf("simulator keys: %w", err)
	}
	if k.Platform, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return k, fmt.Errorf("simulator keys: %w", err)
	}
	k.Serial, k.APIv3Key = randomHex(20), randomHex(16)
	return k, nil
}

func randomHex(n int) string {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic(err) // the platform has no randomness: nothing can go on
	}
	return hex.EncodeToString(b)
}

// LoadKeys returns the keys in the store, made on first use.
func LoadKeys(ctx context.Context, db *store.DB, sealer Sealer, now time.Time) (Keys, error) {
	sealed, version, err := settings.Get(ctx, db, keysSetting, "")
	if err != nil {
		return Keys{}, err
	}
	if version > 0 {
		return openKeys(sealer, sealed)
	}
	k, err := NewKeys()
	if err != nil {
		return k, err
	}
	plain, err := json.Marshal(keptKeys{k.MchID, k.AppID, k.Serial, k.APIv3Key, k.PublicKeyID, x509.MarshalPKCS1PrivateKey(k.Merchant), x509.MarshalPKCS1PrivateKey(k.Platform)})
	if err != nil {
		return k, err
	}
	if sealed, err = sealer.Seal(keysPurpose, plain); err != nil {
		return k, err
	}
	err = db.Tx(ctx, func(tx *store.Tx) error {
		_, err := settings.Put(ctx, tx, keysSetting, sealed, "", now)
		return err
	})
	if errs.Is(err, errs.Conflict) { // another process was first
		if sealed, _, err = settings.Get(ctx, db, keysSetting, ""); err == nil {
			return openKeys(sealer, sealed)
		}
	}
	return k, err
}

func openKeys(sealer Sealer, sealed string) (Keys, error) {
	plain, err := sealer.Open(keysPurpose, sealed)
	if err != nil {
		return Keys{}, fmt.Errorf("simulator keys: %w", err)
	}
	var kept keptKeys
	if err := json.Unmarshal(plain, &kept); err != nil {
		return Keys{}, fmt.Errorf("simulator keys: %w", err)
	}
	k := Keys{MchID: kept.MchID, AppID: kept.AppID, Serial: kept.Serial, APIv3Key: kept.APIv3Key, PublicKeyID: kept.PublicKeyID}
	if k.Merchant, err = x509.ParsePKCS1PrivateKey(kept.Merchant); err != nil {
		return k, fmt.Errorf("simulator keys: %w", err)
	}
	if k.Platform, err = x509.ParsePKCS1PrivateKey(kept.Platform); err != nil {
		return k, fmt.Errorf("simulator keys: %w", err)
	}
	return k, nil
}
