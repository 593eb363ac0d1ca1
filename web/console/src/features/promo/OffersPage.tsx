import { DownOutlined } from "@ant-design/icons";
import { useNavigate } from "@tanstack/react-router";
import { Button, Dropdown } from "antd";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { Listing } from "./Listing";
import type { Kind } from "./words";

const kinds: readonly Kind[] = ["reduction", "bundle", "member", "freight"];

/** Full-reductions, bundles, member prices and freight templates. */
export default function OffersPage() {
  const { t } = useTranslation();
  const can = useCan();
  const navigate = useNavigate();
  return (
    <Listing
      name="offers"
      kinds={kinds}
      actions={
        <>
          <Button onClick={() => void navigate({ to: "/promotions/try" as never })}>{t("promo.try.title")}</Button>
          <Button onClick={() => void navigate({ to: "/promotions/settings" as never })}>
            {t("promo.settings.title")}
          </Button>
          {can("promo.write") ? (
            <Dropdown
              menu={{
                items: kinds.map((kind) => ({
                  key: kind,
                  label: t(`promo.kinds.${kind}`),
                  onClick: () => void navigate({ to: "/promotions/new" as never, search: { kind } as never }),
                })),
              }}
            >
              <Button type="primary" icon={<DownOutlined />} iconPlacement="end">
                {t("promo.offers.new")}
              </Button>
            </Dropdown>
          ) : null}
        </>
      }
    />
  );
}
