package demo

import (
	"bytes"
	"image/png"
	"testing"
)

func TestEveryProductHasAPicture(t *testing.T) {
	seen := map[string]string{}
	for _, item := range Range() {
		raw, err := Picture(item)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Picture(item)
		if err != nil || !bytes.Equal(raw, again) {
			t.Errorf("%s is drawn differently, %v", item.SKU, err)
		}
		img, err := png.Decode(bytes.NewReader(raw))
		if err != nil || img.Bounds().Dx() != pictureSide || img.At(1, 1) == img.At(pictureSide/2, pictureSide*55/100) {
			t.Errorf("%s: %v", item.SKU, err)
		}
		if other, ok := seen[string(raw)]; ok {
			t.Errorf("%s looks like %s", item.SKU, other)
		}
		seen[string(raw)] = item.SKU
	}
}
