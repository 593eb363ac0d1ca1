import { PlusOutlined } from "@ant-design/icons";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { Listing } from "./Listing";

/** Every coupon the brand gives, and what became of it. */
export default function CouponsPage() {
  const { t } = useTranslation();
  const can = useCan();
  return (
    <Listing
      name="coupons"
      kinds={["coupon"]}
      actions={
        can("promo.write") ? (
          <Link to={"/coupons/new" as never}>
            <Button type="primary" icon={<PlusOutlined />}>
              {t("promo.coupons.new")}
            </Button>
          </Link>
        ) : null
      }
    />
  );
}
